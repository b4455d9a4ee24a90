namespace Preheat.Kubernetes;

/// <summary>The roll-out of a DaemonSet (kubernetes.io, "Perform a Rolling Update on a DaemonSet").</summary>
internal static class DaemonSetProgress
{
    public static ObjectProgress Of(KubernetesObject set)
    {
        var desired = set.Json.Whole("status", "desiredNumberScheduled") ?? 0;
        var updated = set.Json.Whole("status", "updatedNumberScheduled") ?? 0;
        var available = set.Json.Whole("status", "numberAvailable") ?? 0;
        if (ObjectProgress.IsUnseen(set))
            return ObjectProgress.Waiting(ObjectProgress.Unseen);
        if (updated < desired && set.Json.Text("spec", "updateStrategy", "type") is not "OnDelete")
            return ObjectProgress.Waiting($"{updated} of {desired} nodes have the new pod");
        return available < desired ? ObjectProgress.Waiting($"available on {available} of {desired} nodes") : ObjectProgress.Done($"available on {available} of {desired} nodes");
    }
}
