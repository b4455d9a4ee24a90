using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Definitions;

/// <summary>
/// Fields of a definition that objects may be selected by
/// (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#crd-selectable-fields).
/// </summary>
internal static class SelectableFields
{
    private const int Most = 8;

    public static IEnumerable<Cause> Check(JsonObject version, JsonObject document, string path)
    {
        var (at, seen) = (0, new HashSet<string>(StringComparer.Ordinal));
        foreach (var field in version.Objects("selectableFields"))
        {
            var (place, text) = ($"{path}.selectableFields[{at++}].jsonPath", field.Text("jsonPath") ?? "");
            if (text.Length == 0)
            {
                yield return Cause.Required(place);
                continue;
            }

            var names = text.TrimStart('.').Split('.');
            JsonNode? found = text.StartsWith('.') ? document : null;
            foreach (var name in names)
            {
                found = found.At("properties", name);
            }

            if (names[0] == "metadata")
            {
                yield return Cause.Invalid(place, text, "must not point to fields in metadata");
            }
            else if (found is null)
            {
                yield return Cause.Invalid(place, text, "is an invalid path: does not refer to a valid field");
            }
            else if (found.Text("type") is not ("string" or "boolean" or "integer"))
            {
                yield return Cause.Invalid(place, text, "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.");
            }

            if (!seen.Add(text))
            {
                yield return Cause.Duplicate(place, text);
            }
        }

        if (seen.Count > Most)
        {
            yield return Cause.TooMany($"{path}.selectableFields", seen.Count, Most);
        }
    }
}
