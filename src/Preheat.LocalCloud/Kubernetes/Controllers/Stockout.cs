using System.Globalization;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>
/// GPUs that can be had, as a fault that anybody can set: ConfigMap <c>preheat-capacity</c> in <c>kube-system</c> names by product
/// (<c>nvidia-l4: "2"</c>) how many the zone gives in all, and by <c>reason</c> why there are no more.
/// </summary>
internal static class Stockout
{
    private static readonly ObjectKey Key = new(ResourceKinds.ConfigMap, "kube-system", "preheat-capacity");

    /// <summary>Why a machine cannot be had beside those that are there; null when it can.</summary>
    public static string? Refuses(ObjectStore store, Machine machine)
    {
        var limits = store.Get(Key)?.Json.StringMap("data") ?? [];
        if (machine.Gpus == 0 || !int.TryParse(limits.GetValueOrDefault(machine.Accelerator), NumberStyles.None, CultureInfo.InvariantCulture, out var limit))
        {
            return null;
        }

        var present = store.List(ResourceKinds.Node).Where(node => node.Json.Text("metadata", "labels", PodNeeds.AcceleratorLabel) == machine.Accelerator).Sum(node => NodeRoom.Of(node).Gpus);
        return present + machine.Gpus <= limit ? null : limits.GetValueOrDefault("reason") ?? "GCE out of resources";
    }
}
