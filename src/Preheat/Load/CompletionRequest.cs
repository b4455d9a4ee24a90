using System.Text.Encodings.Web;
using System.Text.Json;

namespace Preheat.Load;

/// <summary>Which interface of the server is called.</summary>
public enum LoadDialect
{
    /// <summary><c>POST v1/completions</c>: works with base models too, which have no chat template.</summary>
    Completions,

    /// <summary><c>POST v1/chat/completions</c></summary>
    ChatCompletions,
}

/// <summary>Makes request bodies for OpenAI's completion interfaces.</summary>
/// <param name="Model">The served model name.</param>
/// <param name="Prompt">What the user says; a plain completion continues it as it stands, for no chat template is applied.</param>
/// <param name="MaxTokens">Most tokens to answer with.</param>
/// <param name="Stream">Answer as server-sent events, with usage at the end.</param>
public sealed record CompletionRequest(string Model, string Prompt, int MaxTokens, bool Stream)
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Path below the endpoint's base address.</summary>
    public static string PathOf(LoadDialect dialect) => dialect == LoadDialect.Completions ? "v1/completions" : "v1/chat/completions";

    /// <summary>The body as UTF-8 JSON. Temperature 0.9 and top_p 1 are those of the published load tests.</summary>
    public byte[] ToBody(LoadDialect dialect)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            json.WriteStartObject();
            json.WriteString("model", Model);
            if (dialect == LoadDialect.Completions)
            {
                json.WriteString("prompt", Prompt);
            }
            else
            {
                json.WriteStartArray("messages");
                json.WriteStartObject();
                json.WriteString("role", "user");
                json.WriteString("content", Prompt);
                json.WriteEndObject();
                json.WriteEndArray();
            }
            json.WriteNumber("temperature", 0.9);
            json.WriteNumber("top_p", 1);
            json.WriteNumber("max_tokens", MaxTokens);
            json.WriteBoolean("stream", Stream);
            if (Stream)
            {
                json.WriteStartObject("stream_options");
                json.WriteBoolean("include_usage", true);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }
}
