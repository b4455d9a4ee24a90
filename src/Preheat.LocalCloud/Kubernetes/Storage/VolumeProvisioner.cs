using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Storage;

/// <summary>
/// Makes volumes for claims, as an external provisioner does (https://github.com/kubernetes-csi/external-provisioner), with what the Compute Engine
/// driver refuses (https://github.com/kubernetes-sigs/gcp-compute-persistent-disk-csi-driver): disks have no readers and writers at once.
/// </summary>
internal sealed class VolumeProvisioner(ObjectStore store, InfrastructureClock clock, EventRecorder events)
{
    private const string Zone = "topology.gke.io/zone";

    /// <summary>How long a disk takes to be made.</summary>
    private static readonly TimeSpan DiskCreation = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, bool> _working = new(StringComparer.Ordinal);

    /// <summary>Begins to make a claim's volume, unless that has begun already.</summary>
    public void Begin(StoredObject claim, StoredObject storageClass, CancellationToken stopping)
    {
        if (_working.TryAdd(claim.Uid, true))
        {
            _ = MakeAsync(claim, storageClass, stopping);
        }
    }

    private async Task MakeAsync(StoredObject claim, StoredObject storageClass, CancellationToken stopping)
    {
        var driver = storageClass.Json.Text("provisioner") ?? "";
        try
        {
            events.Normal(claim, "persistentvolume-controller", "ExternalProvisioning",
                $"Waiting for a volume to be created either by the external provisioner '{driver}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.");
            events.Normal(claim, driver, "Provisioning", $"External provisioner is provisioning volume for claim \"{claim.Namespace}/{claim.Name}\"");
            if (Refuses(claim) is { } why)
            {
                events.Warning(claim, driver, "ProvisioningFailed", $"failed to provision volume with StorageClass \"{storageClass.Name}\": rpc error: code = InvalidArgument desc = {why}");
                return;
            }

            await clock.DelayAsync(DiskCreation, stopping);
            if (store.Get(claim.Key)?.Uid != claim.Uid)
            {
                return;
            }

            var volume = Volume(claim, storageClass, driver);
            store.Create(new ObjectKey(ResourceKinds.PersistentVolume, "", volume.Text("metadata", "name")!), volume);
            events.Normal(claim, driver, "ProvisioningSucceeded", $"Successfully provisioned volume {volume.Text("metadata", "name")}", DiskCreation);
        }
        catch (OperationCanceledException)
        {
            // The cluster stops; the next run begins again.
        }
        catch (ApiException e) when (e.Code == 409)
        {
            // Made by an earlier run of this program, which ended before the claim was bound.
        }
        finally
        {
            _working.TryRemove(claim.Uid, out _);
        }
    }

    private static string? Refuses(StoredObject claim)
    {
        var modes = claim.Json.Texts("spec", "accessModes").ToList();
        var isBlock = claim.Json.Text("spec", "volumeMode") == "Block";
        return modes.Contains("ReadWriteMany") && !isBlock ? "VolumeCapabilities is invalid: specified multi writer with mount access type"
            : modes.TrueForAll(mode => mode == "ReadOnlyMany") && claim.Json.Map("spec", "dataSource") is null && claim.Json.Map("spec", "dataSourceRef") is null
                ? "VolumeContentSource must be provided when AccessMode is set to read only" : null;
    }

    private JsonObject Volume(StoredObject claim, StoredObject storageClass, string driver)
    {
        var name = $"pvc-{claim.Uid}";
        var node = store.Get(new ObjectKey(ResourceKinds.Node, "", claim.Json.Text("metadata", "annotations", Claims.SelectedNode) ?? ""));
        var zone = node?.Json.Text("metadata", "labels", Zone) ?? "local-a";
        var spec = new JsonObject
        {
            ["accessModes"] = claim.Json.At("spec", "accessModes")!.DeepClone(),
            ["capacity"] = new JsonObject { ["storage"] = claim.Json.At("spec", "resources", "requests", "storage")!.DeepClone() },
            ["claimRef"] = new JsonObject
            {
                ["apiVersion"] = "v1", ["kind"] = "PersistentVolumeClaim", ["namespace"] = claim.Namespace, ["name"] = claim.Name, ["uid"] = claim.Uid,
                ["resourceVersion"] = claim.Json.Text("metadata", "resourceVersion"),
            },
            ["csi"] = new JsonObject { ["driver"] = driver, ["fsType"] = "ext4", ["volumeHandle"] = $"projects/preheat-local/zones/{zone}/disks/{name}" },
            ["nodeAffinity"] = new JsonObject
            {
                ["required"] = new JsonObject
                {
                    ["nodeSelectorTerms"] = new JsonArray(new JsonObject
                    {
                        ["matchExpressions"] = new JsonArray(new JsonObject { ["key"] = Zone, ["operator"] = "In", ["values"] = KubeJson.ToArray([zone]) }),
                    }),
                },
            },
            ["persistentVolumeReclaimPolicy"] = storageClass.Json.Text("reclaimPolicy") ?? "Delete",
            ["storageClassName"] = storageClass.Name,
            ["volumeMode"] = claim.Json.Text("spec", "volumeMode") ?? "Filesystem",
        };
        if (storageClass.Json.Items("mountOptions") is { } options)
        {
            spec["mountOptions"] = options.DeepClone();
        }

        var volume = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name, ["annotations"] = new JsonObject { ["pv.kubernetes.io/provisioned-by"] = driver } },
            ["spec"] = spec,
        };
        Defaults.Apply(ResourceKinds.PersistentVolume, volume);
        return volume;
    }
}
