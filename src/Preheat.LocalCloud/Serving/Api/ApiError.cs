using System.Text.Json;

namespace Preheat.LocalCloud.Serving.Api;

/// <summary>A request that the server refuses, in the shape of vLLM's <c>ErrorResponse</c>.</summary>
internal sealed class ApiError(int status, string type, string message, string? parameter = null) : Exception(message)
{
    /// <summary>The error moved under <c>error</c>, as OpenAI has it, in this version.</summary>
    private static readonly ServerVersion Wrapped = new("", 0, 10, 1);

    public int Status { get; } = status;

    public static ApiError BadRequest(string message, string? parameter = null) => new(400, "BadRequestError", message, parameter);

    public static ApiError NoSuchModel(string model) => new(404, "NotFoundError", $"The model `{model}` does not exist.");

    /// <summary>Writes the error's object.</summary>
    public void Write(Utf8JsonWriter json, ServerVersion version)
    {
        json.WriteStartObject();
        if (version >= Wrapped)
        {
            json.WriteStartObject("error");
        }
        else
        {
            json.WriteString("object", "error");
        }

        json.WriteString("message", Message);
        json.WriteString("type", type);
        json.WriteString("param", parameter);
        json.WriteNumber("code", Status);
        if (version >= Wrapped)
        {
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
