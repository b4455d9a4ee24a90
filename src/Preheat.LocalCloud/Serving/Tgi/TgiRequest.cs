using System.Text.Json;

namespace Preheat.LocalCloud.Serving.Tgi;

/// <summary>A <c>GenerateRequest</c> as it came: typed, not yet checked against the server's limits.</summary>
internal sealed record TgiRequest
{
    private static readonly Dictionary<string, JsonValueKind> Kinds = new(StringComparer.Ordinal)
    {
        ["best_of"] = JsonValueKind.Number, ["temperature"] = JsonValueKind.Number, ["repetition_penalty"] = JsonValueKind.Number, ["frequency_penalty"] = JsonValueKind.Number,
        ["top_k"] = JsonValueKind.Number, ["top_p"] = JsonValueKind.Number, ["typical_p"] = JsonValueKind.Number, ["do_sample"] = JsonValueKind.True,
        ["max_new_tokens"] = JsonValueKind.Number, ["return_full_text"] = JsonValueKind.True, ["stop"] = JsonValueKind.Array, ["truncate"] = JsonValueKind.Number,
        ["watermark"] = JsonValueKind.True, ["details"] = JsonValueKind.True, ["decoder_input_details"] = JsonValueKind.True, ["seed"] = JsonValueKind.Number,
        ["top_n_tokens"] = JsonValueKind.Number, ["adapter_id"] = JsonValueKind.String,
    };

    private JsonElement Parameters { get; init; }

    public required string Inputs { get; init; }

    /// <summary>Only the route <c>/</c> reads it.</summary>
    public bool Stream { get; init; }

    public bool ReturnFullText => Flag("return_full_text");

    public bool Details => Flag("details") || Flag("decoder_input_details");

    /// <exception cref="TgiRejection">422: a field is missing or has another type.</exception>
    public static TgiRequest Read(JsonElement body)
    {
        if (!body.TryGetProperty("inputs", out var inputs))
        {
            throw TgiRejection.Untyped("missing field `inputs`");
        }

        if (inputs.ValueKind != JsonValueKind.String)
        {
            throw TgiRejection.Untyped($"inputs: invalid type: {Word(inputs)}, expected a string");
        }

        var parameters = body.TryGetProperty("parameters", out var given) ? given : default;
        if (parameters.ValueKind is not (JsonValueKind.Object or JsonValueKind.Undefined))
        {
            throw TgiRejection.Untyped($"parameters: invalid type: {Word(parameters)}, expected struct GenerateParameters");
        }

        var stream = body.TryGetProperty("stream", out var streamed) ? streamed : default;
        if (stream.ValueKind is not (JsonValueKind.True or JsonValueKind.False or JsonValueKind.Undefined))
        {
            throw TgiRejection.Untyped($"stream: invalid type: {Word(stream)}, expected a boolean");
        }

        var request = new TgiRequest { Inputs = inputs.GetString()!, Stream = stream.ValueKind == JsonValueKind.True, Parameters = parameters };
        request.CheckKinds();
        return request;
    }

    public double? Float(string name) => Get(name)?.GetDouble();

    public long? Int(string name) => Get(name)?.GetInt64();

    public bool Flag(string name) => Get(name) is { ValueKind: JsonValueKind.True };

    public IReadOnlyList<string> Stop => Get("stop") is { } stop ? [.. stop.EnumerateArray().Select(word => word.GetString()!)] : [];

    private JsonElement? Get(string name) =>
        Parameters.ValueKind == JsonValueKind.Object && Parameters.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private void CheckKinds()
    {
        foreach (var (name, kind) in Kinds)
        {
            if (Get(name) is not { } value)
            {
                continue;
            }

            var expected = kind switch
            {
                JsonValueKind.True => value.ValueKind is JsonValueKind.True or JsonValueKind.False ? null : "a boolean",
                JsonValueKind.Array => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) ? null : "a sequence",
                JsonValueKind.String => value.ValueKind == JsonValueKind.String ? null : "a string",
                _ when value.ValueKind != JsonValueKind.Number => name is "max_new_tokens" or "top_n_tokens" ? "u32" : name is "seed" ? "u64" : name is "best_of" or "truncate" ? "usize" : name is "top_k" ? "i32" : "f32",
                // Rust's counts are whole and never negative; top_k alone is signed.
                _ when name is "max_new_tokens" or "top_n_tokens" or "seed" or "best_of" or "truncate" => value.TryGetUInt64(out var count) && (name is not ("max_new_tokens" or "top_n_tokens") || count <= uint.MaxValue) && count <= long.MaxValue ? null : name is "max_new_tokens" or "top_n_tokens" ? "u32" : name is "seed" ? "u64" : "usize",
                _ when name is "top_k" => value.TryGetInt32(out _) ? null : "i32",
                _ => null,
            };
            if (expected is not null)
            {
                throw TgiRejection.Untyped($"parameters.{name}: invalid {(value.ValueKind == JsonValueKind.Number ? "value" : "type")}: {Word(value)}, expected {expected}");
            }
        }
    }

    private static string Word(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => $"string \"{value.GetString()}\"",
        JsonValueKind.Number when value.TryGetInt64(out var number) => $"integer `{number}`",
        JsonValueKind.Number => $"floating point `{value.GetRawText()}`",
        JsonValueKind.True or JsonValueKind.False => $"boolean `{value.GetRawText()}`",
        JsonValueKind.Null => "null",
        JsonValueKind.Array => "sequence",
        _ => "map",
    };
}
