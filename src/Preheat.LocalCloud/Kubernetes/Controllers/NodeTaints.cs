using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>
/// Taints of GKE's nodes, and the tolerations that admission gives to pods
/// (https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/): ExtendedResourceToleration, DefaultTolerationSeconds, and
/// GKE's for Spot and for a ComputeClass.
/// </summary>
internal static class NodeTaints
{
    private const int EvictAfterSeconds = 300;

    /// <summary>Taints of a node with these GPUs and labels.</summary>
    public static JsonArray Of(int gpus, IReadOnlyDictionary<string, string> labels)
    {
        var taints = new JsonArray();
        if (gpus > 0)
        {
            taints.Add((JsonNode)new JsonObject { ["key"] = PodRules.Gpu, ["value"] = "present", ["effect"] = "NoSchedule" });
        }

        if (labels.GetValueOrDefault(PodNeeds.SpotLabel) == "true")
        {
            taints.Add((JsonNode)new JsonObject { ["key"] = PodNeeds.SpotLabel, ["value"] = "true", ["effect"] = "NoSchedule" });
        }

        if (labels.GetValueOrDefault(ComputeClasses.Label) is { } name)
        {
            taints.Add((JsonNode)new JsonObject { ["key"] = ComputeClasses.Label, ["value"] = name, ["effect"] = "NoSchedule" });
        }

        return taints;
    }

    /// <summary>Adds to a pod's specification what it tolerates by what it asks for.</summary>
    public static void Tolerate(JsonObject spec)
    {
        var needs = PodNeeds.Of(new JsonObject { ["spec"] = spec.DeepClone() });
        if (needs.Gpus > 0)
        {
            Add(spec, new JsonObject { ["key"] = PodRules.Gpu, ["operator"] = "Exists", ["effect"] = "NoSchedule" });
        }

        if (needs.NodeSelector.GetValueOrDefault(PodNeeds.SpotLabel) == "true")
        {
            Add(spec, new JsonObject { ["key"] = PodNeeds.SpotLabel, ["operator"] = "Equal", ["value"] = "true", ["effect"] = "NoSchedule" });
        }

        if (needs.NodeSelector.GetValueOrDefault(ComputeClasses.Label) is { } name)
        {
            Add(spec, new JsonObject { ["key"] = ComputeClasses.Label, ["operator"] = "Equal", ["value"] = name, ["effect"] = "NoSchedule" });
        }

        foreach (var key in new[] { "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable" })
        {
            Add(spec, new JsonObject { ["key"] = key, ["operator"] = "Exists", ["effect"] = "NoExecute", ["tolerationSeconds"] = EvictAfterSeconds });
        }
    }

    public static bool Tolerates(IEnumerable<JsonObject> tolerations, JsonObject taint) => tolerations.Any(toleration =>
        toleration.Text("effect") is null or "" || toleration.Text("effect") == taint.Text("effect")
            ? (toleration.Text("operator") ?? "Equal") == "Exists"
                ? toleration.Text("key") is null or "" || toleration.Text("key") == taint.Text("key")
                : toleration.Text("key") == taint.Text("key") && (toleration.Text("value") ?? "") == (taint.Text("value") ?? "")
            : false);

    private static void Add(JsonObject spec, JsonObject toleration)
    {
        if (spec["tolerations"] is not JsonArray list)
        {
            spec["tolerations"] = list = [];
        }

        // Whatever the pod says about that taint itself stands.
        var taint = new JsonObject { ["key"] = toleration.Text("key"), ["value"] = toleration.Text("value"), ["effect"] = toleration.Text("effect") };
        if (!Tolerates(list.OfType<JsonObject>(), taint))
        {
            list.Add((JsonNode)toleration);
        }
    }
}
