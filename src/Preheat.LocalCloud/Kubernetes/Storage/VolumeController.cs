using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Storage;

/// <summary>
/// Keeps the phase of volumes, and reclaims those whose claim is gone by their policy
/// (https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming).
/// </summary>
internal sealed class VolumeController(ObjectStore store, InfrastructureClock clock, EventRecorder events, DiskFolders disks) : Controller(store, clock)
{
    private const string Component = "persistentvolume-controller";
    private const string Protection = "kubernetes.io/pv-protection";

    protected override IEnumerable<ObjectKey> Concerned(StoreChange change) =>
        change.Object.Key.Kind == ResourceKinds.PersistentVolume ? [change.Object.Key]
        : change.Object.Key.Kind == ResourceKinds.PersistentVolumeClaim && change.Object.Json.Text("spec", "volumeName") is { Length: > 0 } name
            ? [new ObjectKey(ResourceKinds.PersistentVolume, "", name)] : [];

    protected override IEnumerable<ObjectKey> Present() => Store.List(ResourceKinds.PersistentVolume).Select(volume => volume.Key);

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken stopping)
    {
        if (Store.Get(key) is not { } volume)
        {
            return Task.CompletedTask;
        }

        var phase = Phase(volume);
        if (volume.Deleting && phase != "Bound")
        {
            Store.Update(key, json => Finalizers.Remove(json, Protection));
            return Task.CompletedTask;
        }

        Store.Update(key, json =>
        {
            json.Ensure("status")["phase"] = phase;
            _ = volume.Deleting || Finalizers.Add(json, Protection);
            return true;
        });
        if (phase == "Released" && volume.Json.Text("spec", "persistentVolumeReclaimPolicy") == "Delete")
        {
            Reclaim(volume);
        }

        return Task.CompletedTask;
    }

    private string Phase(StoredObject volume)
    {
        var reference = volume.Json.Map("spec", "claimRef");
        if (reference is null || string.IsNullOrEmpty(reference.Text("uid")))
        {
            // Free, or kept by name for a claim that has not taken it yet.
            return "Available";
        }

        var claim = Store.Get(new ObjectKey(ResourceKinds.PersistentVolumeClaim, reference.Text("namespace") ?? "", reference.Text("name") ?? ""));
        return claim?.Uid == reference.Text("uid") ? "Bound" : "Released";
    }

    /// <summary>The disk goes with the volume, unless another volume is of the same disk.</summary>
    private void Reclaim(StoredObject volume)
    {
        if (!Store.List(ResourceKinds.PersistentVolume).Any(other => other.Name != volume.Name && DiskFolders.IdentityOf(other) == DiskFolders.IdentityOf(volume)))
        {
            try
            {
                disks.Delete(volume);
            }
            catch (IOException e)
            {
                events.Warning(volume, Component, "VolumeFailedDelete", e.Message);
                EnqueueAfter(volume.Key, TimeSpan.FromSeconds(1));
                return;
            }
        }

        Store.Update(volume.Key, json => Finalizers.Remove(json, Protection));
        Store.Remove(volume.Key, volume.Uid);
    }
}
