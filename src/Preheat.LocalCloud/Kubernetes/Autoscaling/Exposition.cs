using System.Globalization;
using System.Text;

namespace Preheat.LocalCloud.Kubernetes.Autoscaling;

/// <summary>One sample of a scrape. <paramref name="Type"/> is the word of its TYPE line, <c>unknown</c> where there is none.</summary>
internal sealed record Sample(string Name, string Type, Dictionary<string, string> Labels, double Value);

/// <summary>Reads Prometheus' text form 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). Lines that are none are left out.</summary>
internal static class Exposition
{
    /// <summary>Samples that one scrape may bring.</summary>
    private const int Limit = 20_000;

    public static List<Sample> Parse(string text)
    {
        var types = new Dictionary<string, string>(StringComparer.Ordinal);
        var samples = new List<Sample>();
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            var line = raw.Trim();
            if (line.StartsWith("# TYPE "))
            {
                var words = line[7..].ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words is [var name, var type, ..])
                {
                    types[name] = type == "untyped" ? "unknown" : type;
                }
            }
            else if (line.Length > 0 && line[0] != '#' && samples.Count < Limit && ReadSample(line.ToString(), types) is { } sample)
            {
                samples.Add(sample);
            }
        }

        return samples;
    }

    private static Sample? ReadSample(string line, Dictionary<string, string> types)
    {
        var at = line.IndexOfAny(['{', ' ', '\t']);
        if (at <= 0)
        {
            return null;
        }

        var name = line[..at];
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        if (line[at] == '{' && !ReadLabels(line, ref at, labels))
        {
            return null;
        }

        // A time may follow; the scrape's own is taken instead.
        var value = line[at..].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() ?? "";
        return Number(value) is { } number ? new Sample(name, types.GetValueOrDefault(name, "unknown"), labels, number) : null;
    }

    private static double? Number(string text) => text switch
    {
        "+Inf" or "Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null,
    };

    /// <summary>Reads <c>{a="b",c="d"}</c>; <paramref name="at"/> stands at the brace, and behind the closing one afterwards.</summary>
    private static bool ReadLabels(string line, ref int at, Dictionary<string, string> labels)
    {
        at++;
        while (at < line.Length)
        {
            if (line[at] is ',' or ' ')
            {
                at++;
                continue;
            }

            if (line[at] == '}')
            {
                at++;
                return true;
            }

            var equal = line.IndexOf("=\"", at, StringComparison.Ordinal);
            if (equal < 0)
            {
                return false;
            }

            var name = line[at..equal].Trim();
            var value = new StringBuilder();
            for (at = equal + 2; at < line.Length && line[at] != '"'; at++)
            {
                if (line[at] == '\\' && at + 1 < line.Length)
                {
                    at++;
                    value.Append(line[at] == 'n' ? '\n' : line[at]);
                }
                else
                {
                    value.Append(line[at]);
                }
            }

            labels[name] = value.ToString();
            at++;
        }

        return false;
    }
}
