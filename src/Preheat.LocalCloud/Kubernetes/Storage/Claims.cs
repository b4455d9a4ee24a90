using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Storage;

/// <summary>What the storage controllers ask of claims, volumes and classes (https://kubernetes.io/docs/concepts/storage/persistent-volumes/).</summary>
internal static class Claims
{
    /// <summary>On a claim whose class waits for a consumer: the node that the scheduler chose for its first pod.</summary>
    public const string SelectedNode = "volume.kubernetes.io/selected-node";

    public const string BindCompleted = "pv.kubernetes.io/bind-completed";
    public const string BoundByController = "pv.kubernetes.io/bound-by-controller";

    private const string IsDefault = "storageclass.kubernetes.io/is-default-class";

    /// <summary>The claims that a pod's volumes name.</summary>
    public static IEnumerable<ObjectKey> OfPod(StoredObject pod) => pod.Json.Objects("spec", "volumes")
        .Select(volume => volume.Text("persistentVolumeClaim", "claimName")).OfType<string>().Distinct().Select(name => new ObjectKey(ResourceKinds.PersistentVolumeClaim, pod.Namespace, name));

    /// <summary>The pods that name a claim.</summary>
    public static IEnumerable<StoredObject> PodsOf(ObjectStore store, ObjectKey claim) => store.List(ResourceKinds.Pod, claim.Namespace).Where(pod => OfPod(pod).Contains(claim));

    public static bool IsBound(StoredObject claim) => claim.Json.Text("status", "phase") == "Bound";

    public static string ClassOf(StoredObject item) => item.Json.Text("spec", "storageClassName") ?? "";

    public static StoredObject? FindClass(ObjectStore store, string name) => name.Length == 0 ? null : store.Get(new ObjectKey(ResourceKinds.StorageClass, "", name));

    /// <summary>The class of claims that name none: the newest of those marked as default; null when there is none.</summary>
    public static StoredObject? DefaultClass(ObjectStore store) => store.List(ResourceKinds.StorageClass)
        .Where(item => item.Json.Text("metadata", "annotations", IsDefault) == "true").OrderByDescending(item => item.Created()).ThenBy(item => item.Name, StringComparer.Ordinal).FirstOrDefault();

    /// <summary>The claim's volume is not looked for before a pod needs it.</summary>
    public static bool Waits(ObjectStore store, StoredObject claim) => FindClass(store, ClassOf(claim)).Waits();

    public static bool Waits(this StoredObject? storageClass) => storageClass?.Json.Text("volumeBindingMode") == "WaitForFirstConsumer";

    public static StoredObject? VolumeOf(ObjectStore store, StoredObject claim) =>
        claim.Json.Text("spec", "volumeName") is { Length: > 0 } name ? store.Get(new ObjectKey(ResourceKinds.PersistentVolume, "", name)) : null;

    /// <summary>Whether a volume was given, or reserved by name, to this claim and no other.</summary>
    public static bool IsReservedFor(StoredObject volume, StoredObject claim)
    {
        var reference = volume.Json.Map("spec", "claimRef");
        return reference.Text("namespace") == claim.Namespace && reference.Text("name") == claim.Name && (string.IsNullOrEmpty(reference.Text("uid")) || reference.Text("uid") == claim.Uid);
    }

    /// <summary>Why a volume cannot serve a claim that asks for it by name, in the words of the controller; null when it can.</summary>
    public static string? Mismatch(StoredObject volume, StoredObject claim)
    {
        if (Quantity.ValueOf(volume.Json.At("spec", "capacity", "storage")) < Requested(claim))
        {
            return "requested PV is too small";
        }

        if (ClassOf(volume) != ClassOf(claim))
        {
            return "storageClassName does not match";
        }

        return (volume.Json.Text("spec", "volumeMode") ?? "Filesystem") != (claim.Json.Text("spec", "volumeMode") ?? "Filesystem") ? "incompatible volumeMode"
            : claim.Json.Texts("spec", "accessModes").Except(volume.Json.Texts("spec", "accessModes")).Any() ? "incompatible accessMode" : null;
    }

    public static decimal Requested(StoredObject claim) => Quantity.ValueOf(claim.Json.At("spec", "resources", "requests", "storage"));

    /// <summary>The volume that a claim gets: one reserved for it, else the smallest free one that fits. Null when there is none.</summary>
    /// <param name="reservedOnly">Leave the free ones for when a pod has come.</param>
    public static StoredObject? Match(ObjectStore store, StoredObject claim, bool reservedOnly)
    {
        var fitting = store.List(ResourceKinds.PersistentVolume).Where(volume => !volume.Deleting && Mismatch(volume, claim) is null
            && (claim.Json.Map("spec", "selector") is not { Count: > 0 } selector || LabelSelector.FromObject(selector)!.Matches(volume))).ToList();
        return fitting.Find(volume => volume.Json.Map("spec", "claimRef") is not null && IsReservedFor(volume, claim))
            ?? (reservedOnly ? null : fitting.Where(volume => volume.Json.Map("spec", "claimRef") is null && OnSelectedNode(store, volume, claim))
                .OrderBy(volume => Quantity.ValueOf(volume.Json.At("spec", "capacity", "storage"))).FirstOrDefault());
    }

    /// <summary>Terms of the nodes that can reach a volume; empty for all nodes.</summary>
    public static IReadOnlyList<JsonObject> NodeTerms(StoredObject volume) => [.. volume.Json.Objects("spec", "nodeAffinity", "required", "nodeSelectorTerms")];

    private static bool OnSelectedNode(ObjectStore store, StoredObject volume, StoredObject claim) =>
        claim.Json.Text("metadata", "annotations", SelectedNode) is not { } name || store.Get(new ObjectKey(ResourceKinds.Node, "", name)) is not { } node
        || PodNeeds.AnyTerm(NodeTerms(volume), node.Json.Map("metadata", "labels") ?? []);
}
