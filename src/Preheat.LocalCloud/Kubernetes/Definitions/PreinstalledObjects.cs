using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Access;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Metrics;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Definitions;

/// <summary>Objects that a cluster brings along: namespaces, classes of volumes, the role of its administrators. What a user changes in them stays.</summary>
internal static class PreinstalledObjects
{
    private const string DiskDriver = "pd.csi.storage.gke.io";

    private static readonly string[] Namespaces = ["default", "kube-system", "gmp-public"];

    public static void Install(ObjectStore store, DateTimeOffset time)
    {
        foreach (var name in Namespaces)
        {
            Create(store, ResourceKinds.Namespace, name, []);
        }

        Class(store, "standard", "kubernetes.io/gce-pd", "pd-standard", "Immediate");
        Class(store, "standard-rwo", DiskDriver, "pd-balanced", "WaitForFirstConsumer", isDefault: true);
        Class(store, "premium-rwo", DiskDriver, "pd-ssd", "WaitForFirstConsumer");
        foreach (var (group, version, service) in AggregatedApis.Served)
        {
            Create(store, ResourceKinds.ApiService, $"{version}.{group}", ApiService(group, version, service.Split('/'), time));
        }

        Create(store, ResourceKinds.ClusterRole, "cluster-admin", new JsonObject
        {
            ["rules"] = new JsonArray(
                new JsonObject { ["apiGroups"] = KubeJson.ToArray(["*"]), ["resources"] = KubeJson.ToArray(["*"]), ["verbs"] = KubeJson.ToArray(["*"]) },
                new JsonObject { ["nonResourceURLs"] = KubeJson.ToArray(["*"]), ["verbs"] = KubeJson.ToArray(["*"]) }),
        });
        Create(store, ResourceKinds.ClusterRoleBinding, "cluster-admin", new JsonObject
        {
            ["roleRef"] = new JsonObject { ["kind"] = "ClusterRole", ["name"] = "cluster-admin" },
            ["subjects"] = new JsonArray(new JsonObject { ["kind"] = "Group", ["name"] = Subject.Masters }),
        });
    }

    /// <summary>Says which Service answers for a group (https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/api-service-v1/).</summary>
    private static JsonObject ApiService(string group, string version, string[] service, DateTimeOffset time)
    {
        var json = new JsonObject
        {
            ["spec"] = new JsonObject
            {
                ["group"] = group, ["version"] = version, ["groupPriorityMinimum"] = 100, ["versionPriority"] = 100, ["insecureSkipTLSVerify"] = true,
                ["service"] = new JsonObject { ["namespace"] = service[0], ["name"] = service[1], ["port"] = 443 },
            },
        };
        Conditions.Set(json, "Available", status: true, "Passed", "all checks passed", time);
        return json;
    }

    /// <summary>A class of every GKE cluster (https://cloud.google.com/kubernetes-engine/docs/concepts/persistent-volumes#storageclasses).</summary>
    private static void Class(ObjectStore store, string name, string provisioner, string disk, string binding, bool isDefault = false)
    {
        var storageClass = new JsonObject
        {
            ["allowVolumeExpansion"] = true, ["parameters"] = new JsonObject { ["type"] = disk }, ["provisioner"] = provisioner, ["volumeBindingMode"] = binding,
        };
        if (isDefault)
        {
            storageClass.Ensure("metadata", "annotations")["storageclass.kubernetes.io/is-default-class"] = "true";
        }

        Create(store, ResourceKinds.StorageClass, name, storageClass);
    }

    private static void Create(ObjectStore store, ResourceKind kind, string name, JsonObject json)
    {
        var key = new ObjectKey(kind, "", name);
        if (store.Get(key) is null)
        {
            json.Metadata()["name"] = name;
            Defaults.Apply(kind, json);
            store.Create(key, json);
        }
    }
}
