using System.Text.Json;

namespace Preheat.LocalCloud.Serving.Tgi;

/// <summary>A request that TGI's router refuses: <c>{"error": …, "error_type": …}</c> (<c>router/src/infer</c>, <c>InferError</c>).</summary>
internal sealed class TgiError(int status, string type, string message) : Exception(message)
{
    public int Status { get; } = status;

    /// <summary><c>validation</c>, <c>overloaded</c>, <c>generation</c>, …; in the metrics too.</summary>
    public string Type { get; } = type;

    public static TgiError Overloaded => new(429, "overloaded", "Model is overloaded");

    public static TgiError Incomplete => new(500, "incomplete_generation", "Incomplete generation");

    public static TgiError Validation(string message) => new(422, "validation", $"Input validation error: {message}");

    public static TgiError Template(string message) => new(422, "template_error", $"Template error: {message}");

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("error", Message);
        json.WriteString("error_type", Type);
        json.WriteEndObject();
    }
}

/// <summary>A body that does not become a request: plain text, from the web framework (https://docs.rs/axum, <c>JsonRejection</c>).</summary>
internal sealed class TgiRejection(int status, string message) : Exception(message)
{
    public int Status { get; } = status;

    public static TgiRejection Untyped(string message) => new(422, $"Failed to deserialize the JSON body into the target type: {message}");
}
