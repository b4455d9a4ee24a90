using System.Globalization;
using System.Text.RegularExpressions;

namespace Preheat.Manifests;

/// <summary>Finds where a field that the API server names stands in the rendered manifests.</summary>
internal static partial class FieldPlaces
{
    /// <summary>The place of the field, or of the nearest thing above it that is written down.</summary>
    /// <param name="field">
    /// As in <c>status.details.causes[].field</c> (<c>spec.template.spec.containers[0].image</c>, <c>spec.limits[nvidia.com/gpu]</c>) or as in a conflict of
    /// server-side apply (<c>.spec.ports[port=8000,protocol="TCP"].targetPort</c>).
    /// </param>
    public static SourcePosition Of(ManifestObject value, string field)
    {
        YamlValue at = value.Root;
        var line = value.Root.At;
        foreach (Match step in Steps().Matches(field))
        {
            var inner = step.Groups["key"].Success ? Entry(at, step.Groups["key"].Value) : InBrackets(at, step.Groups["item"].Value);
            if (inner is not var (next, position))
                break;
            (at, line) = (next, position);
        }
        return line;
    }

    private static (YamlValue Value, SourcePosition At)? Entry(YamlValue value, string key) =>
        (value as YamlMap)?.Entries.FirstOrDefault(entry => entry.Key == key) is { } entry ? (entry.Value, entry.At) : null;

    private static (YamlValue Value, SourcePosition At)? InBrackets(YamlValue value, string text)
    {
        if (value is not YamlList list)
            return Entry(value, text);
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            return index < list.Items.Count ? (list.Items[index], list.Items[index].At) : null;
        var keys = text.Split(',').Select(key => key.Split('=', 2)).Where(key => key.Length == 2).ToList();
        // What is not written down has its default, which is no reason to look elsewhere.
        var item = list.Items.OfType<YamlMap>().FirstOrDefault(item => keys.Count > 0 && keys.TrueForAll(key => item.Text(key[0]) is not { } written || written == key[1].Trim('"')));
        return item is null ? null : (item, item.At);
    }

    [GeneratedRegex(@"\[(?<item>[^\]]*)\]|(?<key>[^.\[\]]+)", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Steps();
}
