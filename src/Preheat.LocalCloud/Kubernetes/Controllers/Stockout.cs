using System.Globalization;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>
/// GPUs that can be had, as a fault that anybody can set: ConfigMap <c>preheat-capacity</c> in <c>kube-system</c> names by product
/// (<c>nvidia-l4: "2"</c>, of them on Spot machines <c>nvidia-l4-spot: "0"</c>) how many the zone gives in all, and by <c>reason</c> why there are no more.
/// </summary>
internal static class Stockout
{
    private static readonly ObjectKey Key = new(ResourceKinds.ConfigMap, "kube-system", "preheat-capacity");

    /// <summary>Why a machine cannot be had beside those that are there; null when it can.</summary>
    public static string? Refuses(ObjectStore store, Machine machine, bool isSpot)
    {
        var limits = store.Get(Key)?.Json.StringMap("data") ?? [];
        if (machine.Gpus == 0)
        {
            return null;
        }

        var present = store.List(ResourceKinds.Node).Where(node => node.Json.Text("metadata", "labels", PodNeeds.AcceleratorLabel) == machine.Accelerator).ToList();
        var spot = present.Where(node => node.Json.Text("metadata", "labels", PodNeeds.SpotLabel) == "true").ToList();
        var full = IsFull(machine.Accelerator, present) || (isSpot && IsFull($"{machine.Accelerator}-spot", spot));
        return full ? limits.GetValueOrDefault("reason") ?? "GCE out of resources" : null;

        bool IsFull(string name, List<StoredObject> nodes) =>
            int.TryParse(limits.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && nodes.Sum(node => NodeRoom.Of(node).Gpus) + machine.Gpus > limit;
    }
}
