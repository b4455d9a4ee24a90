using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>What the controllers ask of a pod.</summary>
internal static class PodState
{
    /// <summary>Annotation with the moment a pod became ready, in microseconds: conditions hold whole seconds only.</summary>
    public const string ReadyTime = "preheat.dev/ready-time";

    public static bool IsReady(this StoredObject pod) => !pod.Deleting && pod.Pod.Ready;

    /// <summary>Neither ended nor being deleted: it counts as a replica.</summary>
    public static bool IsActive(this StoredObject pod) => !pod.Deleting && !pod.IsEnded();

    public static bool IsEnded(this StoredObject pod) => pod.Pod.Ended;

    public static string NodeName(this StoredObject pod) => pod.Pod.NodeName;

    /// <summary>When the pod counts as available; null while it is not ready.</summary>
    public static DateTimeOffset? AvailableAt(this StoredObject pod, TimeSpan minReady) => pod.IsReady() ? pod.Pod.ReadySince + minReady : null;

    /// <summary>Creation order, since creation times are in whole seconds.</summary>
    public static DateTimeOffset Created(this StoredObject item) =>
        KubeJson.TryTime(item.Json.Text("metadata", "creationTimestamp"), out var time) ? time : DateTimeOffset.MinValue;

    public static JsonObject OwnerReference(this StoredObject owner) => new()
    {
        ["apiVersion"] = owner.Key.Kind.ApiVersion,
        ["kind"] = owner.Key.Kind.Kind,
        ["name"] = owner.Name,
        ["uid"] = owner.Uid,
        ["controller"] = true,
        ["blockOwnerDeletion"] = true,
    };

    /// <summary>Counts of 0 are left out, as the API server's own types do.</summary>
    public static void SetCount(this JsonObject status, string name, int count)
    {
        status.Remove(name);
        if (count > 0)
        {
            status[name] = count;
        }
    }
}

/// <summary>What a pod's version says of its state, apart from its deletion.</summary>
/// <param name="Ended">Its phase is <c>Succeeded</c> or <c>Failed</c>.</param>
/// <param name="NodeName">Empty for a pod that has no node.</param>
/// <param name="ReadySince">When it became ready; null when it is not, or does not say.</param>
internal sealed record PodFacts(bool Ended, bool Ready, string NodeName, DateTimeOffset? ReadySince)
{
    public static PodFacts Of(JsonObject pod)
    {
        var ready = pod.Condition("Ready");
        var since = KubeJson.TryTime(pod.Text("metadata", "annotations", PodState.ReadyTime), out var time) || KubeJson.TryTime(ready.Text("lastTransitionTime"), out time) ? time : (DateTimeOffset?)null;
        return new PodFacts(pod.Text("status", "phase") is "Succeeded" or "Failed", ready.Text("status") == "True", pod.Text("spec", "nodeName") ?? "", since);
    }
}
