using System.Text.Json;

namespace Preheat.LocalCloud.Serving.Api;

/// <summary>Typed reading of a request's fields: a wrong type is a 400, an absent or null field is null.</summary>
internal static class Fields
{
    public static JsonElement? Get(this JsonElement request, string name) =>
        request.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public static string? Text(this JsonElement request, string name) => request.Get(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => value.GetString(),
        var value => throw Wrong(name, "a valid string", value.Value),
    };

    public static bool? Bool(this JsonElement request, string name) => request.Get(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        var value => throw Wrong(name, "a valid boolean", value.Value),
    };

    public static long? Int(this JsonElement request, string name) => request.Get(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt64(out var number) => number,
        var value => throw Wrong(name, "a valid integer", value.Value),
    };

    public static double? Number(this JsonElement request, string name) => request.Get(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value when value.TryGetDouble(out var number) => number,
        var value => throw Wrong(name, "a valid number", value.Value),
    };

    /// <summary>A string or an array of strings.</summary>
    public static IReadOnlyList<string> Texts(this JsonElement request, string name) => request.Get(name) switch
    {
        null => [],
        { ValueKind: JsonValueKind.String } value => [value.GetString()!],
        { ValueKind: JsonValueKind.Array } value when value.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String) => [.. value.EnumerateArray().Select(e => e.GetString()!)],
        var value => throw Wrong(name, "a valid string or list of strings", value.Value),
    };

    public static ApiError Wrong(string name, string wanted, JsonElement got) => ApiError.BadRequest($"Input should be {wanted}: field '{name}', got {Short(got)}.", name);

    private static string Short(JsonElement value)
    {
        var raw = value.GetRawText();
        return raw.Length <= 100 ? raw : raw[..100] + "…";
    }
}
