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

    /// <summary><c>POST generate</c> of vLLM's simple <c>api_server</c>. Its streams are no server-sent events, so that it is asked for whole answers only.</summary>
    Generate,

    /// <summary><c>POST generate</c> and <c>POST generate_stream</c> of Text Generation Inference.</summary>
    TgiGenerate,
}

/// <summary>Makes request bodies for the servers' completion interfaces.</summary>
/// <remarks>Sources: OpenAI's API reference; <c>vllm/entrypoints/api_server.py</c>; TGI's <c>docs/openapi.json</c>.</remarks>
/// <param name="Model">The served model name.</param>
/// <param name="Prompt">What the user says; a plain completion continues it as it stands, for no chat template is applied.</param>
/// <param name="MaxTokens">Most tokens to answer with.</param>
/// <param name="Stream">Answer as server-sent events, with usage at the end.</param>
public sealed record CompletionRequest(string Model, string Prompt, int MaxTokens, bool Stream)
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Share of the likeliest tokens to choose from; null leaves it out. TGI refuses 1, which is what it means when it is absent. The default value is 1.</summary>
    public double? TopP { get; init; } = 1;

    /// <summary>Path below the endpoint's base address.</summary>
    public string PathOf(LoadDialect dialect) => dialect switch
    {
        LoadDialect.Completions => "v1/completions",
        LoadDialect.ChatCompletions => "v1/chat/completions",
        LoadDialect.TgiGenerate when Stream => "generate_stream",
        _ => "generate",
    };

    /// <summary>The body as UTF-8 JSON. Temperature 0.9 and top_p 1 are those of the published load tests.</summary>
    public byte[] ToBody(LoadDialect dialect)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            json.WriteStartObject();
            switch (dialect)
            {
                case LoadDialect.TgiGenerate:
                    json.WriteString("inputs", Prompt);
                    json.WriteStartObject("parameters");
                    WriteSampling(json, "max_new_tokens");
                    json.WriteBoolean("details", true);
                    json.WriteEndObject();
                    break;
                case LoadDialect.Generate:
                    json.WriteString("prompt", Prompt);
                    WriteSampling(json, "max_tokens");
                    break;
                default:
                    WriteOpenAi(json, dialect);
                    break;
            }
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    private void WriteOpenAi(Utf8JsonWriter json, LoadDialect dialect)
    {
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
        WriteSampling(json, "max_tokens");
        json.WriteBoolean("stream", Stream);
        if (Stream)
        {
            json.WriteStartObject("stream_options");
            json.WriteBoolean("include_usage", true);
            json.WriteEndObject();
        }
    }

    private void WriteSampling(Utf8JsonWriter json, string maxTokens)
    {
        json.WriteNumber("temperature", 0.9);
        if (TopP is { } share)
            json.WriteNumber("top_p", share);
        json.WriteNumber(maxTokens, MaxTokens);
    }
}
