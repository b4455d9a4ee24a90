using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>A machine that would do for a pod.</summary>
/// <param name="Accelerator">GPU product; empty for any, or for none.</param>
/// <param name="Class">ComputeClass that its node belongs to; null for none.</param>
internal sealed record MachineWish(string Accelerator, int Gpus, bool IsSpot, string? Class);

/// <summary>
/// What machines are made for a pod, the most wanted first. A pod that selects a ComputeClass takes what the class lists
/// (docs.cloud.google.com, "About custom ComputeClasses"): GPU product and count, Spot or not. Families, types and storage are not looked at.
/// </summary>
internal static class ComputeClasses
{
    /// <summary>Key of the node label and of the taint; the value is the class.</summary>
    public const string Label = "cloud.google.com/compute-class";

    /// <summary>A kind is its group and plural; the definition is one that the cluster installs.</summary>
    public static readonly ResourceKind Kind = new("cloud.google.com", "v1", "ComputeClass", "computeclasses") { Namespaced = false };

    public static IReadOnlyList<MachineWish> WishesOf(ObjectStore store, PodNeeds needs)
    {
        var product = needs.Gpus > 0 ? needs.Accelerator : "";
        if (needs.NodeSelector.GetValueOrDefault(Label) is not { } name)
        {
            return [new(product, needs.Gpus, needs.NodeSelector.GetValueOrDefault(PodNeeds.SpotLabel) == "true", Class: null)];
        }

        // There are no node pools here that a class could choose among: without leave to make some, there are none for it.
        if (store.Get(new ObjectKey(Kind, "", name)) is not { } found || !found.Json.Flag("spec", "nodePoolAutoCreation", "enabled"))
        {
            return [];
        }

        var wishes = found.Json.Objects("spec", "priorities").Select(priority => Wish(priority, needs, name)).OfType<MachineWish>();
        var anything = new MachineWish(product, needs.Gpus, IsSpot: false, name);
        return found.Json.Text("spec", "whenUnsatisfiable") == "ScaleUpAnyway" ? [.. wishes, anything] : [.. wishes];
    }

    private static MachineWish? Wish(JsonObject priority, PodNeeds needs, string name)
    {
        var gpus = priority.Map("gpu") is { } gpu ? gpu.Int(1, "count") : 0;
        return gpus >= needs.Gpus ? new MachineWish(priority.Text("gpu", "type") ?? "", gpus, priority.Flag("spot"), name) : null;
    }
}
