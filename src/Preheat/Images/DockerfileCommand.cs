using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Preheat.Images;

/// <summary>The exec form (a JSON array) and the shell form of ENTRYPOINT, CMD, VOLUME, SHELL and HEALTHCHECK.</summary>
/// <remarks>Dockerfile reference, "Shell and exec form": what is no array of strings is a command line of the shell.</remarks>
internal static partial class DockerfileCommand
{
    /// <summary>The array, or null when the text is none.</summary>
    public static JsonArray? TryExecForm(string text)
    {
        if (!text.StartsWith('['))
            return null;
        try
        {
            return JsonNode.Parse(text) is JsonArray array && array.All(item => item?.GetValueKind() == JsonValueKind.String) ? array : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The command of ENTRYPOINT or CMD. In shell form it must be handed over with <c>exec</c>.</summary>
    /// <exception cref="FormatException">A shell would stay process 1: it passes no signal on, so a pod's end would cut requests off.</exception>
    public static JsonArray Command(string text, IEnumerable<string> shell)
    {
        if (TryExecForm(text) is { } array)
            return array;
        if (!ExecStart().IsMatch(text))
            throw new FormatException("in shell form the shell stays process 1 and passes no SIGTERM on, so the server would be killed in the midst of requests; write a JSON array like [\"program\", \"argument\"], or begin the command with exec");
        return new JsonArray([.. shell.Append(text).Select(word => JsonValue.Create(word))]);
    }

    [GeneratedRegex(@"^exec\s+\S", RegexOptions.CultureInvariant)]
    private static partial Regex ExecStart();
}
