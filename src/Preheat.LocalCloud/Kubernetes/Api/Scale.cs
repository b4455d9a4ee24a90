using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>The <c>autoscaling/v1 Scale</c> view of a Deployment or ReplicaSet.</summary>
internal static class Scale
{
    public static JsonObject Of(StoredObject stored)
    {
        var json = stored.Json;
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
            ["spec"] = new JsonObject { ["replicas"] = json.Number("spec", "replicas") ?? 0 },
            ["status"] = new JsonObject
            {
                ["replicas"] = json.Number("status", "replicas") ?? 0,
                ["selector"] = string.Join(',', json.StringMap("spec", "selector", "matchLabels").OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}")),
            },
        };
    }
}
