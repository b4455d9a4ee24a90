using System.Text.Json.Nodes;
using Preheat.Manifests;

namespace Preheat.Kubernetes;

/// <summary>What an apply would change in one object, for people.</summary>
internal static class ObjectDiff
{
    // What the API server counts and writes down by itself.
    private static readonly string[] Bookkeeping = ["managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink"];

    // What kubectl apply writes down: the whole object once more, a secret's values included.
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    /// <summary>Unified hunks over YAML with sorted keys; empty when nothing would change. A secret's values are never shown, only that they differ.</summary>
    public static string Of(ObjectChange change)
    {
        var (before, after) = (change.Before is null ? null : Stripped(change.Before), Stripped(change.After));
        if (change.After.Kind == KubernetesKind.Secret)
            Mask(before, after);
        return UnifiedDiff.Of(before is null ? "" : Text(before), Text(after), change.After.Namespace is { } place ? $"{place} {change.After.Title}" : change.After.Title);
    }

    /// <summary>What a removal would take away.</summary>
    public static string OfRemoval(KubernetesObject item)
    {
        var before = Stripped(item);
        if (item.Kind == KubernetesKind.Secret)
            Mask(before, null);
        return UnifiedDiff.Of(Text(before), "", item.Namespace is { } place ? $"{place} {item.Title}" : item.Title);
    }

    /// <summary>The object without what the API server and controllers write down by themselves.</summary>
    public static JsonObject Stripped(KubernetesObject item)
    {
        var copy = (JsonObject)item.Json.DeepClone();
        copy.Remove("status");
        foreach (var key in Bookkeeping)
            (copy["metadata"] as JsonObject)?.Remove(key);
        if (copy.At("metadata", "annotations") is JsonObject annotations && annotations.Remove(LastApplied) && annotations.Count == 0)
            ((JsonObject)copy["metadata"]!).Remove("annotations");
        return copy;
    }

    private static void Mask(JsonObject? before, JsonObject? after)
    {
        foreach (var part in new[] { "data", "stringData" })
        {
            var (old, fresh) = (before.At(part) as JsonObject, after.At(part) as JsonObject);
            foreach (var key in (old ?? []).Concat(fresh ?? []).Select(entry => entry.Key).Distinct(StringComparer.Ordinal).ToList())
            {
                var isSame = old?[key]?.ToJsonString() == fresh?[key]?.ToJsonString();
                if (old?.ContainsKey(key) == true)
                    old[key] = isSame ? "***" : "*** (before)";
                if (fresh?.ContainsKey(key) == true)
                    fresh[key] = isSame || old?.ContainsKey(key) != true ? "***" : "*** (after)";
            }
        }
    }

    private static string Text(JsonNode value) => YamlWriter.Write(YamlOf(value));

    private static YamlValue YamlOf(JsonNode? value)
    {
        var at = new SourcePosition("", 0);
        return value switch
        {
            JsonObject map => new YamlMap(at, [.. map.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => new YamlEntry(at, entry.Key, YamlOf(entry.Value)))]),
            JsonArray list => new YamlList(at, [.. list.Select(YamlOf)]),
            null => new YamlScalar(at, "null", ScalarKind.Null),
            _ when value.GetValueKind() is System.Text.Json.JsonValueKind.String => new YamlScalar(at, value.GetValue<string>(), ScalarKind.String),
            _ when value.GetValueKind() is System.Text.Json.JsonValueKind.Number => new YamlScalar(at, value.ToJsonString(), ScalarKind.Float),
            _ => new YamlScalar(at, value.ToJsonString(), ScalarKind.Boolean),
        };
    }
}
