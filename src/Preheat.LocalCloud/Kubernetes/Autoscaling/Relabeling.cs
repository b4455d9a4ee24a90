using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Autoscaling;

/// <summary>
/// <c>metricRelabeling</c> of a PodMonitoring, as far as it keeps, drops and renames: actions keep, drop and replace
/// (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config).
/// </summary>
internal static class Relabeling
{
    private const string NameLabel = "__name__";

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    /// <summary>The sample after all rules; null when one of them drops it.</summary>
    public static Sample? Apply(IEnumerable<JsonObject> rules, Sample sample)
    {
        foreach (var rule in rules)
        {
            var source = string.Join(rule.Text("separator") ?? ";", rule.Texts("sourceLabels").Select(label => Value(sample, label)));
            var match = Match(source, rule.Text("regex") ?? "(.*)");
            switch ((rule.Text("action") ?? "replace").ToLowerInvariant())
            {
                case "keep" when match is null:
                case "drop" when match is not null:
                    return null;
                case "replace" when match is not null:
                    sample = With(sample, rule.Text("targetLabel") ?? "", match.Result(rule.Text("replacement") ?? "$1"));
                    break;
                default:
                    break;
            }
        }

        return sample;
    }

    private static string Value(Sample sample, string label) => label == NameLabel ? sample.Name : sample.Labels.GetValueOrDefault(label) ?? "";

    /// <summary>A renamed metric loses its type: the type is known by the name that the server gave it.</summary>
    private static Sample With(Sample sample, string label, string value) =>
        label == NameLabel ? sample with { Name = value, Type = value == sample.Name ? sample.Type : "unknown" }
        : sample with { Labels = new Dictionary<string, string>(sample.Labels, StringComparer.Ordinal) { [label] = value } };

    private static Match? Match(string source, string pattern)
    {
        try
        {
            // Patterns are anchored at both ends.
            return Regex.Match(source, $"^(?:{pattern})$", RegexOptions.CultureInvariant, Patience) is { Success: true } match ? match : null;
        }
        catch (Exception e) when (e is ArgumentException or RegexMatchTimeoutException)
        {
            return null;
        }
    }
}
