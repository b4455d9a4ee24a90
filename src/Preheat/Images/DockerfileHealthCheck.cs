using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Preheat.Images;

/// <summary>Reads HEALTHCHECK into the form that a docker image's config has; Kubernetes does not look at it.</summary>
/// <remarks>Dockerfile reference, "HEALTHCHECK"; the config's fields are those of the Docker image specification v1.2, durations in nanoseconds.</remarks>
internal static partial class DockerfileHealthCheck
{
    /// <exception cref="FormatException">The instruction is not one.</exception>
    public static JsonObject Read(string rest, char escape)
    {
        var check = new JsonObject();
        var words = DockerfileWords.Split(rest, escape);
        var options = words.TakeWhile(word => word.StartsWith("--", StringComparison.Ordinal)).ToList();
        if (words.Count == options.Count)
            throw new FormatException("write HEALTHCHECK CMD command, or HEALTHCHECK NONE");
        var kind = words[options.Count];
        var command = rest[(rest.IndexOf(kind, options.Sum(option => option.Length), StringComparison.Ordinal) + kind.Length)..].Trim();
        if (kind.Equals("NONE", StringComparison.OrdinalIgnoreCase) && command.Length == 0 && options.Count == 0)
            return new JsonObject { ["Test"] = new JsonArray("NONE") };
        if (!kind.Equals("CMD", StringComparison.OrdinalIgnoreCase) || command.Length == 0)
            throw new FormatException("write HEALTHCHECK CMD command, or HEALTHCHECK NONE");
        check["Test"] = DockerfileCommand.TryExecForm(command) is { } array
            ? new JsonArray([JsonValue.Create("CMD"), .. array.Select(item => item!.DeepClone())])
            : new JsonArray("CMD-SHELL", command);
        foreach (var option in options)
        {
            var (name, value) = DockerfileWords.SplitPair(option);
            var (field, parsed) = name switch
            {
                "--interval" => ("Interval", Nanoseconds(option, value)),
                "--timeout" => ("Timeout", Nanoseconds(option, value)),
                "--start-period" => ("StartPeriod", Nanoseconds(option, value)),
                "--start-interval" => ("StartInterval", Nanoseconds(option, value)),
                "--retries" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var retries) => ("Retries", retries),
                _ => throw new FormatException($"HEALTHCHECK does not know {option}"),
            };
            check[field] = parsed;
        }
        return check;
    }

    // Go's durations: 1m30s, 500ms.
    private static long Nanoseconds(string option, string? text)
    {
        if (text is null || !Duration().IsMatch(text))
            throw new FormatException($"{option} is no duration such as 30s or 1m30s");
        return Part().Matches(text).Sum(part => (long)(decimal.Parse(part.Groups["value"].Value, CultureInfo.InvariantCulture) * part.Groups["unit"].Value switch
        {
            "h" => 3_600_000_000_000m,
            "m" => 60_000_000_000m,
            "s" => 1_000_000_000m,
            "ms" => 1_000_000m,
            "us" => 1_000m,
            _ => 1m,
        }));
    }

    [GeneratedRegex(@"^([0-9]{1,9}(\.[0-9]{1,9})?(h|ms|m|s|us|ns))+\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Duration();

    [GeneratedRegex(@"(?<value>[0-9]+(\.[0-9]+)?)(?<unit>h|ms|m|s|us|ns)", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Part();
}
