using System.Text.Json;
using Preheat.LocalCloud.Serving.Api;
using Preheat.LocalCloud.Serving.Metrics;

namespace Preheat.LocalCloud.Serving.Tgi;

/// <summary>The JSON of TGI's own routes (<c>docs/openapi.json</c> of its repository).</summary>
internal static class TgiAnswers
{
    /// <summary><c>GenerateResponse</c>.</summary>
    public static void Whole(Utf8JsonWriter json, TgiRequest request, Generation generation, int vocabulary)
    {
        json.WriteStartObject();
        json.WriteString("generated_text", Text(request, generation));
        if (request.Details)
        {
            json.WriteStartObject("details");
            Details(json, request, generation);
            json.WriteStartArray("prefill");
            json.WriteEndArray();
            json.WriteStartArray("tokens");
            for (var token = 1; token <= generation.Tokens; token++)
            {
                Token(json, generation, token, vocabulary);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary><c>StreamResponse</c>: one token, and with the last one the whole text and its details.</summary>
    public static void Chunk(Utf8JsonWriter json, TgiRequest request, Generation generation, int token, int vocabulary)
    {
        var last = token == generation.Tokens;
        json.WriteStartObject();
        json.WriteNumber("index", token);
        json.WritePropertyName("token");
        Token(json, generation, token, vocabulary);
        json.WriteString("generated_text", last ? Text(request, generation) : null);
        if (last && request.Details)
        {
            json.WriteStartObject("details");
            Details(json, request, generation);
            json.WriteNumber("input_length", generation.Prompt.Tokens);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("details");
        }

        json.WriteEndObject();
    }

    /// <summary>An array of <c>SimpleToken</c>: the beginning one, then the text's own.</summary>
    public static void Tokens(Utf8JsonWriter json, string text, int vocabulary)
    {
        var identifiers = PseudoTokenizer.Identifiers(text, vocabulary);
        var starts = PseudoTokenizer.Pieces(text).Append(text.Length).ToList();
        json.WriteStartArray();
        for (var i = 0; i < identifiers.Count; i++)
        {
            var (start, stop) = i == 0 ? (0, 0) : (starts[i - 1], starts[i]);
            json.WriteStartObject();
            json.WriteNumber("id", identifiers[i]);
            json.WriteString("text", i == 0 ? "<bos>" : text[start..stop]);
            json.WriteNumber("start", start);
            json.WriteNumber("stop", stop);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>Headers that say where the time of a request went, milliseconds.</summary>
    public static void Headers(Microsoft.AspNetCore.Http.IHeaderDictionary headers, Generation generation, GenerationTimes times)
    {
        headers["x-compute-type"] = "gpu+optimized";
        headers["x-total-time"] = Milliseconds(times.EndToEnd);
        headers["x-queue-time"] = Milliseconds(times.Queue);
        headers["x-inference-time"] = Milliseconds(times.Inference);
        headers["x-time-per-token"] = Milliseconds(times.Inference / generation.Tokens);
        headers["x-prompt-tokens"] = $"{generation.Prompt.Tokens}";
        headers["x-generated-tokens"] = $"{generation.Tokens}";
    }

    private static string Milliseconds(double seconds) => $"{(long)(seconds * 1000)}";

    private static string Text(TgiRequest request, Generation generation) => (request.ReturnFullText ? request.Inputs : "") + generation.WholeText();

    private static void Details(Utf8JsonWriter json, TgiRequest request, Generation generation)
    {
        json.WriteString("finish_reason", generation.StoppedByString ? "stop_sequence" : generation.FinishReason == "stop" ? "eos_token" : "length");
        json.WriteNumber("generated_tokens", generation.Tokens);
        if (request.Int("seed") is { } seed)
        {
            json.WriteNumber("seed", seed);
        }
        else
        {
            json.WriteNull("seed");
        }
    }

    private static void Token(Utf8JsonWriter json, Generation generation, int token, int vocabulary)
    {
        var text = generation.TextOf(token);
        json.WriteStartObject();
        json.WriteNumber("id", PseudoText.Hash(text, 0) % (ulong)Math.Max(3, vocabulary));
        json.WriteString("text", text);
        json.WriteNumber("logprob", -0.5);
        json.WriteBoolean("special", false);
        json.WriteEndObject();
    }
}
