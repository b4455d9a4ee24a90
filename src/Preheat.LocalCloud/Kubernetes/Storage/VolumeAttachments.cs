using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Pods;

namespace Preheat.LocalCloud.Kubernetes.Storage;

/// <summary>
/// Which disk is at which node: one that may be written is at one node at a time
/// (https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes).
/// </summary>
internal sealed class VolumeAttachments(ObjectStore store, EventRecorder events, DiskFolders disks)
{
    private const string Component = "attachdetach-controller";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Dictionary<string, (string Node, ObjectKey Pod)>> _users = new(StringComparer.Ordinal);

    /// <summary>Attaches the volume of a pod's claim to its node, and gives its folder.</summary>
    /// <exception cref="ContainerFault">It is not bound (yet), or another node has it.</exception>
    public string Attach(StoredObject pod, string claimName)
    {
        var claim = store.Get(new ObjectKey(ResourceKinds.PersistentVolumeClaim, pod.Namespace, claimName));
        if (claim is null || !Claims.IsBound(claim) || Claims.VolumeOf(store, claim) is not { } volume)
        {
            throw new ContainerFault("FailedMount", $"Unable to attach or mount volumes: claim \"{claimName}\" is {(claim is null ? "not found" : "not bound")}");
        }

        var isNew = false;
        lock (_lock)
        {
            if (!_users.TryGetValue(volume.Name, out var users))
            {
                _users[volume.Name] = users = new(StringComparer.Ordinal);
            }

            if (!volume.Json.Texts("spec", "accessModes").Any(mode => mode is "ReadOnlyMany" or "ReadWriteMany") && users.Values.Any(user => user.Node != pod.NodeName()))
            {
                throw Taken(volume, pod, [.. users.Values.Where(user => user.Node != pod.NodeName()).Select(user => user.Pod)]);
            }

            isNew = users.Values.All(user => user.Node != pod.NodeName());
            users[pod.Uid] = (pod.NodeName(), pod.Key);
        }

        if (isNew)
        {
            events.Normal(pod, Component, "SuccessfulAttachVolume", $"AttachVolume.Attach succeeded for volume \"{volume.Name}\" ");
        }

        return disks.Of(volume);
    }

    /// <summary>The pod uses its volumes no longer.</summary>
    public void Release(string podUid)
    {
        lock (_lock)
        {
            foreach (var users in _users.Values)
            {
                users.Remove(podUid);
            }
        }
    }

    /// <summary>Pods of other namespaces are counted and not named.</summary>
    private static ContainerFault Taken(StoredObject volume, StoredObject pod, List<ObjectKey> others)
    {
        var named = others.Where(other => other.Namespace == pod.Namespace).Select(other => other.Name).Order(StringComparer.Ordinal).ToList();
        var hidden = others.Count - named.Count;
        var by = named.Count == 0 ? $"{hidden} pod(s) in different namespaces"
            : $"pod(s) {string.Join(", ", named)}{(hidden == 0 ? "" : $" and {hidden} pod(s) in different namespaces")}";
        return new ContainerFault("FailedAttachVolume", $"Multi-Attach error for volume \"{volume.Name}\" Volume is already used by {by}") { Component = Component };
    }
}
