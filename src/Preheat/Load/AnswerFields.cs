using System.Text;
using System.Text.Json;

namespace Preheat.Load;

/// <summary>Fields of a server's JSON, read without trusting its shape: what is absent, null or of another kind is null.</summary>
internal static class AnswerFields
{
    public static JsonElement? Get(JsonElement owner, string name) =>
        owner.ValueKind == JsonValueKind.Object && owner.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public static string? Text(JsonElement owner, string name)
    {
        if (Get(owner, name) is not { ValueKind: JsonValueKind.String } value)
            return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair or broken UTF-8: a token may end anywhere, so this is text, though not printable text.
            return "\uFFFD";
        }
    }

    /// <summary>Whether a field is text of at least one character.</summary>
    public static bool HasText(JsonElement owner, string name) => Get(owner, name) is { ValueKind: JsonValueKind.String } value && !value.ValueEquals("");

    public static int? Number(JsonElement owner, string name) =>
        Get(owner, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number) ? number : null;

    public static IEnumerable<JsonElement> Items(JsonElement owner, string name) =>
        Get(owner, name) is { ValueKind: JsonValueKind.Array } value ? value.EnumerateArray() : [];

    /// <summary><c>usage.completion_tokens</c>; TGI's own routes say <c>details.generated_tokens</c>.</summary>
    public static int? CompletionTokens(JsonElement answer) =>
        Get(answer, "usage") is { } usage ? Number(usage, "completion_tokens") : Get(answer, "details") is { } details ? Number(details, "generated_tokens") : null;

    /// <summary>The beginning of an answer as one printable line.</summary>
    public static string Excerpt(ReadOnlySpan<byte> bytes, int limit)
    {
        var text = Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, limit)]);
        var line = new StringBuilder(text.Length + 1);
        foreach (var c in text)
            line.Append(char.IsControl(c) ? ' ' : c);
        return bytes.Length > limit ? line.Append('…').ToString() : line.ToString();
    }
}
