using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>
/// The EndpointSlice of a Service, beside its Endpoints (https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/): one slice
/// for all pods, owned by the Service.
/// </summary>
internal static class EndpointSlices
{
    public static ObjectKey KeyOf(ObjectKey service)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(service.Name));
        return new ObjectKey(ResourceKinds.EndpointSlice, service.Namespace, $"{service.Name}-{Convert.ToHexStringLower(hash)[..5]}");
    }

    public static void Write(ObjectStore store, StoredObject service, IEnumerable<(StoredObject Pod, bool Ready)> pods, JsonArray ports)
    {
        var (key, endpoints) = (KeyOf(service.Key), new JsonArray([.. pods.Select(item => (JsonNode)Endpoint(item.Pod, item.Ready))]));
        if (store.Update(key, json =>
        {
            (json["endpoints"], json["ports"]) = (endpoints.DeepClone(), ports.DeepClone());
            return true;
        }) is null)
        {
            var labels = service.Json.Map("metadata", "labels")?.Copy() ?? [];
            labels["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io";
            labels["kubernetes.io/service-name"] = service.Name;
            var owner = new JsonObject
            {
                ["apiVersion"] = "v1", ["kind"] = "Service", ["name"] = service.Name, ["uid"] = service.Uid, ["controller"] = true, ["blockOwnerDeletion"] = true,
            };
            store.Create(key, new JsonObject
            {
                ["apiVersion"] = "discovery.k8s.io/v1",
                ["kind"] = "EndpointSlice",
                ["metadata"] = new JsonObject { ["labels"] = labels, ["ownerReferences"] = new JsonArray(owner) },
                ["addressType"] = "IPv4",
                ["endpoints"] = endpoints,
                ["ports"] = ports.DeepClone(),
            });
        }
    }

    private static JsonObject Endpoint(StoredObject pod, bool ready) => new()
    {
        ["addresses"] = KubeJson.ToArray([pod.Json.Text("status", "podIP") ?? ""]),
        ["conditions"] = new JsonObject { ["ready"] = ready, ["serving"] = ready, ["terminating"] = pod.Deleting },
        ["nodeName"] = pod.NodeName(),
        ["targetRef"] = new JsonObject { ["kind"] = "Pod", ["name"] = pod.Name, ["namespace"] = pod.Namespace, ["uid"] = pod.Uid },
    };
}
