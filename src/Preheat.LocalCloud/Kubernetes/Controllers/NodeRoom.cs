using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>Why a pod does not fit a node, in the scheduler's words. <paramref name="Hopeless"/>: evicting pods would not help.</summary>
internal sealed record Misfit(IReadOnlyList<string> Reasons, bool Hopeless);

/// <summary>What a node, present or planned, has to offer.</summary>
internal sealed record NodeRoom(IReadOnlyDictionary<string, string> Labels, IReadOnlyList<JsonObject> Taints, int Gpus, decimal Cpu, decimal MemoryGiB)
{
    private const int MaxPods = 110;

    public static NodeRoom Of(StoredObject node)
    {
        var allocatable = node.Json.Map("status", "allocatable");
        return new NodeRoom(node.Json.StringMap("metadata", "labels"), [.. node.Json.Objects("spec", "taints")],
            (int)Quantity.ValueOf(allocatable?[PodRules.Gpu]), Quantity.ValueOf(allocatable?["cpu"]), Quantity.ValueOf(allocatable?["memory"]) / (1L << 30));
    }

    /// <summary>Null when the pod fits beside what is used. The first filter that refuses decides, as in the scheduler.</summary>
    public Misfit? Refuses(PodNeeds needs, NodeUse used)
    {
        if (Taints.FirstOrDefault(taint => taint.Text("effect") is "NoSchedule" or "NoExecute" && !NodeTaints.Tolerates(needs.Tolerations, taint)) is { } taint)
        {
            return new Misfit([$"node(s) had untolerated taint {{{taint.Text("key")}: {taint.Text("value")}}}"], Hopeless: true);
        }

        if (!needs.Selects(Labels))
        {
            return new Misfit(["node(s) didn't match Pod's node affinity/selector"], Hopeless: true);
        }

        var reasons = new List<string>();
        if (used.Pods >= MaxPods)
        {
            reasons.Add("Too many pods");
        }

        if (used.Cpu + needs.Cpu > Cpu)
        {
            reasons.Add("Insufficient cpu");
        }

        if (used.MemoryGiB + needs.MemoryGiB > MemoryGiB)
        {
            reasons.Add("Insufficient memory");
        }

        if (needs.Gpus > 0 && used.Gpus + needs.Gpus > Gpus)
        {
            reasons.Add($"Insufficient {PodRules.Gpu}");
        }

        if (reasons.Count == 0)
        {
            return needs.Reaches(Labels) ? null : new Misfit(["node(s) had volume node affinity conflict"], Hopeless: true);
        }

        return new Misfit(reasons, Hopeless: needs.Cpu > Cpu || needs.MemoryGiB > MemoryGiB || needs.Gpus > Gpus);
    }
}
