namespace Preheat.Kubernetes;

/// <summary>The roll-out of a StatefulSet (kubernetes.io, "StatefulSets", "Update strategies").</summary>
internal static class StatefulSetProgress
{
    public static ObjectProgress Of(KubernetesObject set)
    {
        var json = set.Json;
        var desired = json.Whole("spec", "replicas") ?? 1;
        var updated = json.Whole("status", "updatedReplicas") ?? 0;
        var ready = json.Whole("status", "readyReplicas") ?? 0;
        // Pods with a lower number than the partition keep the old template on purpose.
        var anew = Math.Max(0, desired - (json.Whole("spec", "updateStrategy", "rollingUpdate", "partition") ?? 0));
        if (ObjectProgress.IsUnseen(set))
            return ObjectProgress.Waiting(ObjectProgress.Unseen);
        if (json.Text("spec", "updateStrategy", "type") is "OnDelete")
            return ready < desired ? ObjectProgress.Waiting($"{ready} of {desired} replicas ready") : ObjectProgress.Done($"{ready} of {desired} replicas ready; a pod changes when it is removed");
        if (updated < anew)
            return ObjectProgress.Waiting($"{updated} of {anew} replicas are made anew");
        return ready < desired ? ObjectProgress.Waiting($"{ready} of {desired} replicas ready") : ObjectProgress.Done($"{ready} of {desired} replicas ready");
    }
}
