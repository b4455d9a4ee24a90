using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Storage;

/// <summary>
/// What a pod's claims mean for its place (https://kubernetes.io/docs/concepts/storage/storage-classes/#volume-binding-mode), in the words of the
/// scheduler's plugin VolumeBinding.
/// </summary>
internal static class PodClaims
{
    /// <summary>Why the pod can go nowhere for now; null when its claims allow a node.</summary>
    public static string? Fault(ObjectStore store, StoredObject pod)
    {
        foreach (var key in Claims.OfPod(pod))
        {
            if (store.Get(key) is not { } claim)
            {
                return $"persistentvolumeclaim \"{key.Name}\" not found";
            }

            if (claim.Deleting)
            {
                return $"persistentvolumeclaim \"{key.Name}\" is being deleted";
            }

            if (claim.Json.Text("status", "phase") == "Lost")
            {
                return $"persistentvolumeclaim \"{key.Name}\" bound to non-existent persistentvolume \"{claim.Json.Text("spec", "volumeName")}\"";
            }

            if (!Claims.IsBound(claim) && !Claims.Waits(store, claim))
            {
                return "pod has unbound immediate PersistentVolumeClaims";
            }
        }

        return null;
    }

    /// <summary>The pod's needs with the nodes that its bound volumes can be reached from.</summary>
    public static PodNeeds With(ObjectStore store, StoredObject pod, PodNeeds needs)
    {
        var terms = Claims.OfPod(pod).Select(store.Get).OfType<StoredObject>().Where(Claims.IsBound).Select(claim => Claims.VolumeOf(store, claim)).OfType<StoredObject>()
            .Select(Claims.NodeTerms).Where(terms => terms.Count > 0).ToList();
        return terms.Count == 0 ? needs : needs with { VolumeTerms = terms };
    }

    /// <summary>Lets claims that waited for a consumer know its node. True when all are bound, so that the pod may go there.</summary>
    public static bool Settle(ObjectStore store, StoredObject pod, StoredObject node)
    {
        var open = Claims.OfPod(pod).Select(store.Get).OfType<StoredObject>().Where(claim => !Claims.IsBound(claim)).ToList();
        foreach (var claim in open)
        {
            store.Update(claim.Key, json =>
            {
                json.Ensure("metadata", "annotations")[Claims.SelectedNode] = node.Name;
                return true;
            });
        }

        return open.Count == 0;
    }
}
