namespace Preheat.Kubernetes;

/// <summary>The binding of a PersistentVolumeClaim (kubernetes.io, "Persistent Volumes", "Phase").</summary>
internal static class ClaimProgress
{
    public static ObjectProgress Of(KubernetesObject claim) => claim.Json.Text("status", "phase") switch
    {
        "Bound" => ObjectProgress.Done($"bound to {claim.Json.Text("spec", "volumeName")}, {claim.Json.Text("status", "capacity", "storage")}"),
        "Lost" => ObjectProgress.Failed("lost", $"the volume {claim.Json.Text("spec", "volumeName")} that it was bound to is gone"),
        _ => ObjectProgress.Waiting($"not bound yet (class {claim.Json.Text("spec", "storageClassName") ?? "of the cluster"}); a class may wait for the first pod that uses it"),
    };
}
