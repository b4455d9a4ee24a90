using System.Text;
using System.Text.Json;

namespace Preheat.LocalCloud.Serving.Api;

/// <summary>A prompt and what it counts.</summary>
/// <param name="Text">What the answer is made from; for token prompts the numbers.</param>
internal sealed record Prompt(string Text, int Tokens)
{
    /// <summary>Roles a chat template knows.</summary>
    private static readonly HashSet<string> Roles = new(StringComparer.Ordinal) { "system", "developer", "user", "assistant", "tool", "function" };

    /// <summary>Tokens a chat template puts around each message, and before the answer.</summary>
    private const int MessageTokens = 4;

    private const int AnswerTokens = 3;

    public static Prompt Of(string text) => new(text, PseudoTokenizer.Count(text));

    /// <summary><c>prompt</c> of a completion: a string, strings, tokens, or lists of tokens.</summary>
    public static IReadOnlyList<Prompt> ReadCompletion(JsonElement request)
    {
        var prompt = request.Get("prompt") ?? throw ApiError.BadRequest("Either prompt or prompt_embeds must be provided.", "prompt");
        if (prompt.ValueKind == JsonValueKind.String)
        {
            return [Of(prompt.GetString()!)];
        }

        if (prompt.ValueKind != JsonValueKind.Array || prompt.GetArrayLength() == 0)
        {
            throw ApiError.BadRequest("please provide at least one prompt", "prompt");
        }

        return prompt[0].ValueKind switch
        {
            JsonValueKind.Number => [Tokenised(prompt)],
            JsonValueKind.Array => [.. prompt.EnumerateArray().Select(Tokenised)],
            _ => [.. request.Texts("prompt").Select(Of)],
        };
    }

    /// <summary><c>messages</c> of a chat.</summary>
    public static Prompt ReadChat(JsonElement request)
    {
        if (request.Get("messages") is not { ValueKind: JsonValueKind.Array } messages || messages.GetArrayLength() == 0)
        {
            throw ApiError.BadRequest("Field required: 'messages' must be a list of at least one message.", "messages");
        }

        var text = new StringBuilder();
        var tokens = 1 + AnswerTokens;
        foreach (var message in messages.EnumerateArray())
        {
            if (message.ValueKind != JsonValueKind.Object || message.Text("role") is not { } role || !Roles.Contains(role))
            {
                throw ApiError.BadRequest("Every message needs a 'role' out of system, developer, user, assistant, tool.", "messages");
            }

            var content = Content(message);
            tokens += MessageTokens + PseudoTokenizer.CountPlain(content);
            text.Append(role).Append('\n').Append(content).Append('\n');
        }

        return new Prompt(text.ToString(), tokens);
    }

    private static string Content(JsonElement message)
    {
        switch (message.Get("content"))
        {
            case null:
                return "";
            case { ValueKind: JsonValueKind.String } text:
                return text.GetString()!;
            case { ValueKind: JsonValueKind.Array } parts:
                var texts = new List<string>();
                foreach (var part in parts.EnumerateArray())
                {
                    if (part.ValueKind != JsonValueKind.Object || part.Text("type") is not "text" || part.Text("text") is not { } text)
                    {
                        throw ApiError.BadRequest("This model takes text only: content parts must be {\"type\": \"text\", \"text\": …}.", "messages");
                    }

                    texts.Add(text);
                }

                return string.Join('\n', texts);
            case var other:
                throw Fields.Wrong("content", "a valid string or list of parts", other.Value);
        }
    }

    private static Prompt Tokenised(JsonElement tokens)
    {
        if (tokens.ValueKind != JsonValueKind.Array || tokens.GetArrayLength() == 0 || !tokens.EnumerateArray().All(t => t.ValueKind == JsonValueKind.Number && t.TryGetInt32(out var id) && id >= 0))
        {
            throw ApiError.BadRequest("A prompt of tokens is a list of at least one non-negative integer.", "prompt");
        }

        return new Prompt(tokens.GetRawText(), tokens.GetArrayLength());
    }
}
