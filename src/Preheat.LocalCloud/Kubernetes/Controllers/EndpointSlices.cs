using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>
/// The EndpointSlices of a Service, beside its Endpoints (https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/): owned by the
/// Service, at most 100 pods each. A pod stays in its slice, so that one that comes or goes changes one slice.
/// </summary>
internal static class EndpointSlices
{
    /// <summary>Default of <c>--max-endpoints-per-slice</c>.</summary>
    private const int Most = 100;

    private const string ServiceName = "kubernetes.io/service-name";

    /// <summary>Removes the slices of a Service that is gone.</summary>
    public static void Remove(ObjectStore store, ObjectKey service)
    {
        foreach (var slice in store.List(ResourceKinds.EndpointSlice, service.Namespace).Where(slice => slice.Json.Text("metadata", "labels", ServiceName) == service.Name))
        {
            store.Remove(slice.Key);
        }
    }

    public static void Write(ObjectStore store, StoredObject service, IReadOnlyCollection<StoredObject> pods, IReadOnlySet<StoredObject> ready, JsonArray servicePorts)
    {
        // Unlike in Endpoints, a port always has a name, be it an empty one; kubectl describe relies on it.
        var ports = (JsonArray)servicePorts.DeepClone();
        foreach (var port in ports)
        {
            port!["name"] ??= "";
        }

        var slices = store.OwnedBy(service.Uid).Where(item => item.Key.Kind == ResourceKinds.EndpointSlice).OrderBy(slice => slice.Name, StringComparer.Ordinal).ToList();
        foreach (var (key, members) in Assign(service.Key, slices, pods))
        {
            var endpoints = new JsonArray([.. members.Select(pod => (JsonNode)Endpoint(pod, ready.Contains(pod)))]);
            if (store.Update(key, json =>
            {
                (json["endpoints"], json["ports"]) = (endpoints.DeepClone(), ports.DeepClone());
                return true;
            }) is null)
            {
                Create(store, service, key, endpoints, ports);
            }
        }
    }

    /// <summary>Which pods each slice holds from now on; at least one slice, the first of the name.</summary>
    private static Dictionary<ObjectKey, List<StoredObject>> Assign(ObjectKey service, List<StoredObject> slices, IReadOnlyCollection<StoredObject> pods)
    {
        var left = pods.ToDictionary(pod => pod.Uid, StringComparer.Ordinal);
        var assigned = slices.ToDictionary(slice => slice.Key, slice =>
            slice.Json.Objects("endpoints").Select(endpoint => left.Remove(endpoint.Text("targetRef", "uid") ?? "", out var pod) ? pod : null).OfType<StoredObject>().ToList());
        var next = 0;
        foreach (var pod in left.Values)
        {
            var open = assigned.Values.FirstOrDefault(members => members.Count < Most);
            for (; open is null; next++)
            {
                open = assigned.TryAdd(KeyOf(service, next), []) ? assigned[KeyOf(service, next)] : null;
            }

            open.Add(pod);
        }

        assigned.TryAdd(KeyOf(service, 0), []);
        return assigned;
    }

    private static ObjectKey KeyOf(ObjectKey service, int number)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(number == 0 ? service.Name : string.Create(CultureInfo.InvariantCulture, $"{service.Name}/{number}")));
        return new ObjectKey(ResourceKinds.EndpointSlice, service.Namespace, $"{service.Name}-{Convert.ToHexStringLower(hash)[..5]}");
    }

    private static void Create(ObjectStore store, StoredObject service, ObjectKey key, JsonArray endpoints, JsonArray ports)
    {
        var labels = service.Json.Map("metadata", "labels")?.Copy() ?? [];
        labels["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io";
        labels[ServiceName] = service.Name;
        store.Create(key, new JsonObject
        {
            ["apiVersion"] = "discovery.k8s.io/v1",
            ["kind"] = "EndpointSlice",
            ["metadata"] = new JsonObject { ["labels"] = labels, ["ownerReferences"] = new JsonArray(service.OwnerReference()) },
            ["addressType"] = "IPv4",
            ["endpoints"] = endpoints,
            ["ports"] = ports.DeepClone(),
        });
    }

    private static JsonObject Endpoint(StoredObject pod, bool ready) => new()
    {
        ["addresses"] = KubeJson.ToArray([pod.Json.Text("status", "podIP") ?? ""]),
        ["conditions"] = new JsonObject { ["ready"] = ready, ["serving"] = ready, ["terminating"] = pod.Deleting },
        ["nodeName"] = pod.NodeName(),
        ["targetRef"] = new JsonObject { ["kind"] = "Pod", ["name"] = pod.Name, ["namespace"] = pod.Namespace, ["uid"] = pod.Uid },
    };
}
