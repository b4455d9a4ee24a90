using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Access;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Definitions;

/// <summary>Objects that a cluster brings along: the namespaces of a new one, and the role of its administrators. What a user changes in them stays.</summary>
internal static class PreinstalledObjects
{
    private static readonly string[] Namespaces = ["default", "kube-system", "gmp-public"];

    public static void Install(ObjectStore store)
    {
        foreach (var name in Namespaces)
        {
            Create(store, ResourceKinds.Namespace, name, []);
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

    private static void Create(ObjectStore store, ResourceKind kind, string name, JsonObject json)
    {
        var key = new ObjectKey(kind, "", name);
        if (store.Get(key) is null)
        {
            json["metadata"] = new JsonObject { ["name"] = name };
            Defaults.Apply(kind, json);
            store.Create(key, json);
        }
    }
}
