using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>What the controllers ask of a pod.</summary>
internal static class PodState
{
    /// <summary>Annotation with the moment a pod became ready, in microseconds: conditions hold whole seconds only.</summary>
    public const string ReadyTime = "preheat.dev/ready-time";

    public static bool IsReady(this StoredObject pod) => !pod.Deleting && Conditions.IsTrue(pod.Json, "Ready");

    /// <summary>Neither ended nor being deleted: it counts as a replica.</summary>
    public static bool IsActive(this StoredObject pod) => !pod.Deleting && !pod.IsEnded();

    public static bool IsEnded(this StoredObject pod) => pod.Json.Text("status", "phase") is "Succeeded" or "Failed";

    public static string NodeName(this StoredObject pod) => pod.Json.Text("spec", "nodeName") ?? "";

    /// <summary>When the pod counts as available; null while it is not ready.</summary>
    public static DateTimeOffset? AvailableAt(this StoredObject pod, TimeSpan minReady) =>
        pod.IsReady() && (KubeJson.TryTime(pod.Json.Text("metadata", "annotations", ReadyTime), out var ready)
            || KubeJson.TryTime(pod.Json.Condition("Ready").Text("lastTransitionTime"), out ready)) ? ready + minReady : null;

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
