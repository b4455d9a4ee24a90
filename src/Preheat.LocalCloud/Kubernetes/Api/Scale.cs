using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Definitions;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>The <c>autoscaling/v1 Scale</c> view of an object with replicas: of a Deployment, a ReplicaSet, or a defined kind by its paths.</summary>
internal static class Scale
{
    public static JsonObject Of(StoredObject stored)
    {
        var (json, paths) = (stored.Json, stored.Key.Kind.Defined?.Scale);
        var status = new JsonObject { ["replicas"] = json.Number(FieldQuery.Fields(paths.Text("statusReplicasPath") ?? ".status.replicas")) ?? 0 };
        if (paths is null)
        {
            status["selector"] = string.Join(',', json.StringMap("spec", "selector", "matchLabels").OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"));
        }
        else if (paths.Text("labelSelectorPath") is { } selector)
        {
            status["selector"] = json.Text(FieldQuery.Fields(selector)) ?? "";
        }

        return new JsonObject
        {
            ["kind"] = "Scale",
            ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = new JsonObject
            {
                ["name"] = stored.Name,
                ["namespace"] = stored.Namespace,
                ["uid"] = json.Text("metadata", "uid"),
                ["resourceVersion"] = json.Text("metadata", "resourceVersion"),
                ["creationTimestamp"] = json.Text("metadata", "creationTimestamp"),
            },
            ["spec"] = new JsonObject { ["replicas"] = json.Number(SpecPath(stored.Key.Kind)) ?? 0 },
            ["status"] = status,
        };
    }

    /// <summary>Sets the wanted replicas.</summary>
    public static void Set(ResourceKind kind, JsonObject json, long replicas)
    {
        var path = SpecPath(kind);
        json.Ensure(path.AsSpan(..^1))[path[^1]] = replicas;
    }

    private static string[] SpecPath(ResourceKind kind) => FieldQuery.Fields(kind.Defined?.Scale.Text("specReplicasPath") ?? ".spec.replicas");
}
