namespace Preheat.LocalCloud.Pods;

/// <summary>Why a container cannot start. <paramref name="reason"/> is the waiting reason that Kubernetes shows for it.</summary>
internal sealed class ContainerFault(string reason, string message) : Exception(message)
{
    public string Reason { get; } = reason;

    /// <summary>Which part of the cluster tells it.</summary>
    public string Component { get; init; } = "kubelet";
}
