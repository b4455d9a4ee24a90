using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Preheat.ClusterTests.Servers;

namespace Preheat.ClusterTests.Differential;

/// <summary>What differs between two servers' answers to one request, line by line: <c>PATH: this | that</c>.</summary>
internal static partial class AnswerDifference
{
    // What no two clusters have in common.
    private static readonly string[] Own =
        ["uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "selfLink", "continue", "clusterIP", "clusterIPs", "controller-uid", "lastTransitionTime", "lastUpdateTime", "status", "generation", "deployment.kubernetes.io/revision"];

    public static IReadOnlyList<string> Of(RawAnswer real, RawAnswer other)
    {
        var differences = new List<string>();
        if (real.Status != other.Status)
            differences.Add($"{(int)real.Status} {Summary(real)} | {(int)other.Status} {Summary(other)}");
        else if (!real.IsSuccess)
            Compare(Refusal(real), Refusal(other), "", differences);
        else
            Compare(real.Json, other.Json, "", differences);
        return differences;
    }

    private static string Summary(RawAnswer answer) => answer.Json?["message"]?.ToString() ?? (answer.IsSuccess ? "" : answer.Body);

    /// <summary>A refusal without the words: those of a cause hold dumps of Go values, which change with every version.</summary>
    private static JsonObject Refusal(RawAnswer answer)
    {
        var details = answer.Json?["details"];
        var causes = (details?["causes"] as JsonArray ?? []).Select(cause => $"{cause!["reason"]} {cause["field"]}").Order(StringComparer.Ordinal).ToList();
        return new()
        {
            ["reason"] = answer.Json?["reason"]?.DeepClone(),
            ["name"] = details?["name"]?.DeepClone(),
            ["group"] = details?["group"]?.DeepClone(),
            ["kind"] = details?["kind"]?.DeepClone(),
            ["causes"] = new JsonArray([.. causes.Select(cause => (JsonNode)cause)]),
            ["message"] = causes.Count > 0 ? null : answer.Json?["message"]?.DeepClone(),
        };
    }

    private static void Compare(JsonNode? real, JsonNode? other, string path, List<string> differences)
    {
        switch (real, other)
        {
            case (JsonArray left, JsonArray right) when path.EndsWith("managedFields", StringComparison.Ordinal):
                CompareManagers(left, right, path, differences);
                break;
            // A controller may not have come to it yet.
            case (null, JsonObject only) when only.All(entry => Own.Contains(entry.Key, StringComparer.Ordinal)) && only.Count > 0:
            case (JsonObject some, null) when some.All(entry => Own.Contains(entry.Key, StringComparer.Ordinal)) && some.Count > 0:
                break;
            case (JsonObject left, JsonObject right):
                foreach (var key in left.Concat(right).Select(entry => entry.Key).Distinct(StringComparer.Ordinal).Where(key => !Own.Contains(key, StringComparer.Ordinal)))
                    Compare(left[key], right[key], path.Length == 0 ? key : $"{path}.{key}", differences);
                break;
            case (JsonArray left, JsonArray right):
                for (var index = 0; index < Math.Max(left.Count, right.Count); index++)
                    Compare(index < left.Count ? left[index] : null, index < right.Count ? right[index] : null, string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]"), differences);
                break;
            default:
                if (Stable(real) != Stable(other))
                    differences.Add($"{path}: {Stable(real)} | {Stable(other)}");
                break;
        }
    }

    private static string Stable(JsonNode? value) => value is null ? "-" : HashForm().Replace(value.ToJsonString().Replace("\\u0022", "'", StringComparison.Ordinal), "place");

    // Controllers write when they come to it.
    private static void CompareManagers(JsonArray real, JsonArray other, string path, List<string> differences)
    {
        var (left, right) = (Fields(real), Fields(other));
        foreach (var field in left.Except(right, StringComparer.Ordinal).Order(StringComparer.Ordinal))
            differences.Add($"{path}: {field} | -");
        foreach (var field in right.Except(left, StringComparer.Ordinal).Order(StringComparer.Ordinal))
            differences.Add($"{path}: - | {field}");
    }

    private static List<string> Fields(JsonArray managers) =>
        [.. managers.Where(entry => entry!["manager"]!.ToString() is "me" or "other").SelectMany(entry => Leaves(entry!["fieldsV1"]!.AsObject(), $"{entry["manager"]} {entry["operation"]} "))];

    private static IEnumerable<string> Leaves(JsonObject fields, string path) =>
        fields.Count == 0 ? [path] : fields.SelectMany(entry => Leaves(entry.Value!.AsObject(), $"{path}/{entry.Key}"));

    [GeneratedRegex("place-[0-9]+", RegexOptions.CultureInvariant)]
    private static partial Regex HashForm();
}
