using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Definitions;

/// <summary>
/// The part of JSONPath that definitions use for columns and scale: fields, indexes and one condition:
/// <c>.spec.size</c>, <c>.status.conditions[?(@.type=="Ready")].status</c>, <c>.metadata.annotations['a.b/c']</c>.
/// </summary>
internal static partial class FieldQuery
{
    /// <summary>The first value that a path finds; null when it finds none or is none.</summary>
    public static JsonNode? First(JsonNode? node, string path)
    {
        var at = 0;
        while (at < path.Length && node is not null)
        {
            var match = Step().Match(path, at);
            if (!match.Success)
            {
                return null;
            }

            node = Next(node, match.Groups);
            at += match.Length;
        }

        return node;
    }

    /// <summary>The names of a path of fields alone, as a scale's must be.</summary>
    public static string[] Fields(string path) => path.Split('.', StringSplitOptions.RemoveEmptyEntries);

    private static JsonNode? Next(JsonNode node, GroupCollection step)
    {
        if (step["field"] is { Success: true } field)
        {
            return node.At(field.Value.Replace("\\.", ".", StringComparison.Ordinal));
        }

        if (step["quoted"] is { Success: true } quoted)
        {
            return node.At(quoted.Value);
        }

        if (step["index"] is { Success: true } index)
        {
            return node is JsonArray list && int.TryParse(index.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at < list.Count ? list[at] : null;
        }

        return (node as JsonArray)?.OfType<JsonObject>().FirstOrDefault(item => item.Text(step["key"].Value) == step["value"].Value);
    }

    [GeneratedRegex("""\G(?:\.(?<field>(?:\\\.|[^.\[\]'"])+)|\['(?<quoted>[^']+)'\]|\[(?<index>[0-9]+)\]|\[\?\(\s*@\.(?<key>\w+)\s*==\s*["'](?<value>[^"']*)["']\s*\)\])""")]
    private static partial Regex Step();
}
