using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Storage;

/// <summary>
/// Binds claims to volumes, asks for volumes where none fits, and holds a claim that a pod uses
/// (https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding and …/#storage-object-in-use-protection). Its words are those of
/// <c>pkg/controller/volume/persistentvolume</c> in https://github.com/kubernetes/kubernetes.
/// </summary>
internal sealed class ClaimController(ObjectStore store, InfrastructureClock clock, EventRecorder events, VolumeProvisioner provisioner) : Controller(store, clock)
{
    private const string Component = "persistentvolume-controller";
    private const string Protection = "kubernetes.io/pvc-protection";

    /// <summary>Classes whose volumes only people make.</summary>
    private const string NoProvisioner = "kubernetes.io/no-provisioner";

    protected override IEnumerable<ObjectKey> Concerned(StoreChange change)
    {
        var kind = change.Object.Key.Kind;
        if (kind == ResourceKinds.PersistentVolumeClaim)
        {
            return [change.Object.Key];
        }

        if (kind == ResourceKinds.PersistentVolume || kind == ResourceKinds.StorageClass)
        {
            return Store.List(ResourceKinds.PersistentVolumeClaim).Where(claim => !Claims.IsBound(claim) || claim.Json.Text("spec", "volumeName") == change.Object.Name).Select(claim => claim.Key);
        }

        return kind == ResourceKinds.Pod ? Claims.OfPod(change.Object) : [];
    }

    protected override IEnumerable<ObjectKey> Present() => Store.List(ResourceKinds.PersistentVolumeClaim).Select(claim => claim.Key);

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken stopping)
    {
        if (Store.Get(key) is not { } claim)
        {
            return Task.CompletedTask;
        }

        if (claim.Deleting)
        {
            // Only pods that have a node count: no other will be started with the claim any more.
            if (!Claims.PodsOf(Store, key).Any(pod => pod.NodeName().Length > 0))
            {
                Store.Update(key, json => Finalizers.Remove(json, Protection));
            }

            return Task.CompletedTask;
        }

        claim = Store.Update(key, json => Finalizers.Add(json, Protection)) ?? claim;
        if (claim.Json.At("metadata", "annotations", Claims.BindCompleted) is not null)
        {
            Keep(claim);
        }
        else
        {
            Bind(claim, stopping);
        }

        return Task.CompletedTask;
    }

    private void Keep(StoredObject claim)
    {
        if (Claims.VolumeOf(Store, claim) is not { } volume || !Claims.IsReservedFor(volume, claim))
        {
            Lose(claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
        }
        else if (Claims.Requested(claim) > Validation.Quantity.ValueOf(volume.Json.At("spec", "capacity", "storage")))
        {
            // Its class lets it grow, or the API server would have refused.
            var wanted = claim.Json.At("spec", "resources", "requests", "storage")!;
            Store.Update(volume.Key, json =>
            {
                json.Ensure("spec", "capacity")["storage"] = wanted.DeepClone();
                return true;
            });
            Store.Update(claim.Key, json =>
            {
                json.Ensure("status", "capacity")["storage"] = wanted.DeepClone();
                return true;
            });
            events.Normal(claim, "volume_expand", "FileSystemResizeSuccessful", "MountVolume.NodeExpandVolume succeeded for volume \"" + volume.Name + "\"");
        }
    }

    private void Lose(StoredObject claim, string reason, string message)
    {
        if (claim.Json.Text("status", "phase") != "Lost")
        {
            Store.Update(claim.Key, json =>
            {
                json["status"] = new JsonObject { ["phase"] = "Lost" };
                return true;
            });
            events.Warning(claim, Component, reason, message);
        }
    }

    private void Bind(StoredObject claim, CancellationToken stopping)
    {
        if (claim.Json.Text("spec", "volumeName") is { Length: > 0 } name)
        {
            BindTo(claim, name);
            return;
        }

        // A class that was made the default afterwards takes also the claims that came without one.
        if (claim.Json.At("spec", "storageClassName") is null && Claims.DefaultClass(Store) is { } standard)
        {
            Store.Update(claim.Key, json =>
            {
                json.Ensure("spec")["storageClassName"] = standard.Name;
                return true;
            });
            return;
        }

        var storageClass = Claims.FindClass(Store, Claims.ClassOf(claim));
        var waits = storageClass.Waits() && claim.Json.At("metadata", "annotations", Claims.SelectedNode) is null;
        if (Claims.Match(Store, claim, reservedOnly: waits) is { } volume)
        {
            Join(claim, volume);
        }
        else if (waits)
        {
            Wait(claim);
        }
        else if (Claims.ClassOf(claim).Length == 0)
        {
            events.Normal(claim, Component, "FailedBinding", "no persistent volumes available for this claim and no storage class is set");
        }
        else if (storageClass is null)
        {
            events.Warning(claim, Component, "ProvisioningFailed", $"storageclass.storage.k8s.io \"{Claims.ClassOf(claim)}\" not found");
        }
        else if (storageClass.Json.Text("provisioner") != NoProvisioner)
        {
            provisioner.Begin(claim, storageClass, stopping);
        }
    }

    private void BindTo(StoredObject claim, string name)
    {
        if (Claims.VolumeOf(Store, claim) is not { } volume)
        {
            // It may still be made.
            return;
        }

        if (volume.Json.Map("spec", "claimRef") is not null && !Claims.IsReservedFor(volume, claim))
        {
            events.Warning(claim, Component, "FailedBinding", $"volume \"{name}\" already bound to a different claim.");
        }
        else if (Claims.Mismatch(volume, claim) is { } why)
        {
            events.Warning(claim, Component, "VolumeMismatch", $"Cannot bind to requested volume \"{name}\": {why}");
        }
        else
        {
            Join(claim, volume);
        }
    }

    private void Wait(StoredObject claim)
    {
        var pod = Claims.PodsOf(Store, claim.Key).FirstOrDefault(pod => pod.IsActive());
        if (pod is null)
        {
            events.Normal(claim, Component, "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
        }
        else
        {
            events.Normal(claim, Component, "WaitForPodScheduled", $"waiting for pod {pod.Name} to be scheduled");
        }
    }

    /// <summary>Both sides name each other, the volume first: whoever sees the claim bound finds the volume so too.</summary>
    private void Join(StoredObject claim, StoredObject volume)
    {
        Store.Update(volume.Key, json =>
        {
            var spec = json.Ensure("spec");
            if (spec.Map("claimRef") is null)
            {
                json.Ensure("metadata", "annotations")[Claims.BoundByController] = "yes";
            }

            spec["claimRef"] = new JsonObject
            {
                ["apiVersion"] = "v1", ["kind"] = "PersistentVolumeClaim", ["namespace"] = claim.Namespace, ["name"] = claim.Name, ["uid"] = claim.Uid,
                ["resourceVersion"] = claim.Json.Text("metadata", "resourceVersion"),
            };
            json.Ensure("status")["phase"] = "Bound";
            return true;
        });
        Store.Update(claim.Key, json =>
        {
            var spec = json.Ensure("spec");
            if (string.IsNullOrEmpty(spec.Text("volumeName")))
            {
                json.Ensure("metadata", "annotations")[Claims.BoundByController] = "yes";
            }

            spec["volumeName"] = volume.Name;
            json.Ensure("metadata", "annotations")[Claims.BindCompleted] = "yes";
            json["status"] = new JsonObject
            {
                ["phase"] = "Bound",
                ["accessModes"] = volume.Json.At("spec", "accessModes")?.DeepClone(),
                ["capacity"] = volume.Json.At("spec", "capacity")?.DeepClone(),
            };
            return true;
        });
    }
}
