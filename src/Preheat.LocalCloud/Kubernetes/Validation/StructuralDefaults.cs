using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>
/// Fills the <c>default</c> of fields left out, from the outside in, so that defaults inside of defaults count
/// (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting).
/// </summary>
internal static class StructuralDefaults
{
    public static void Apply(JsonObject document, JsonNode? node)
    {
        if (node is JsonArray list && document.Map("items") is { } items)
        {
            foreach (var item in list)
            {
                Apply(items, item);
            }
        }

        if (node is not JsonObject o)
        {
            return;
        }

        foreach (var (name, field) in document.Map("properties") ?? [])
        {
            if (field.At("default") is { } value && o[name] is null && !(o.ContainsKey(name) && field.Flag("nullable")))
            {
                o[name] = value.DeepClone();
            }

            if (field is JsonObject fields)
            {
                Apply(fields, o[name]);
            }
        }

        if (document.Map("additionalProperties") is { } values)
        {
            foreach (var (name, item) in o.Where(pair => document.Map("properties")?.ContainsKey(pair.Key) != true))
            {
                Apply(values, item);
            }
        }
    }
}
