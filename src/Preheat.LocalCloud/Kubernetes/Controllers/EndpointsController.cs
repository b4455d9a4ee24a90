using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>Keeps Endpoints, EndpointSlice and the proxy's routes at the ready pods that a Service selects.</summary>
internal sealed class EndpointsController(ObjectStore store, InfrastructureClock clock, ServiceRoutes routes) : Controller(store, clock)
{
    protected override IEnumerable<ObjectKey> Concerned(StoreChange change)
    {
        var kind = change.Object.Key.Kind;
        if (kind == ResourceKinds.Service)
        {
            yield return change.Object.Key;
        }
        else if (kind == ResourceKinds.Pod)
        {
            foreach (var service in Store.List(ResourceKinds.Service, change.Object.Namespace))
            {
                if (LabelSelector.FromMap(service.Json.Map("spec", "selector"))?.Matches(change.Object.Json.Map("metadata", "labels")) == true)
                {
                    yield return service.Key;
                }
            }
        }
    }

    protected override IEnumerable<ObjectKey> Present() => Store.List(ResourceKinds.Service).Select(item => item.Key);

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken stopping)
    {
        var endpoints = new ObjectKey(ResourceKinds.Endpoints, key.Namespace, key.Name);
        if (Store.Get(key) is not { Deleting: false } service)
        {
            routes.Remove(key.Namespace, key.Name);
            Store.Remove(endpoints);
            Store.Remove(EndpointSlices.KeyOf(key));
            return Task.CompletedTask;
        }

        if (LabelSelector.FromMap(service.Json.Map("spec", "selector")) is not { } selector)
        {
            return Task.CompletedTask;
        }

        var pods = Store.List(ResourceKinds.Pod, key.Namespace).Where(pod => pod.IsActive() && pod.NodeName().Length > 0 && selector.Matches(pod.Json.Map("metadata", "labels"))).ToList();
        var ready = pods.Where(pod => pod.IsReady() || service.Json.Flag("spec", "publishNotReadyAddresses")).ToList();
        var ports = service.Json.Objects("spec", "ports").ToList();
        routes.Set(key.Namespace, key.Name, ports.Select(port => new ServiceRoute(
            port.Text("name") ?? "", (int)(port.Number("port") ?? 0), [.. ready.Select(pod => new RouteTarget(pod.Uid, TargetPort(port, pod))).Where(target => target.Port > 0)])));
        var reached = PortsOf(ports, ready.Count > 0 ? ready[0] : pods.FirstOrDefault());
        WriteEndpoints(service, endpoints, reached, ready, [.. pods.Except(ready)]);
        EndpointSlices.Write(Store, service, pods.Select(pod => (pod, ready.Contains(pod))), reached);
        return Task.CompletedTask;
    }

    /// <summary>A named target port is looked up in each pod; 0 when the pod has none of that name.</summary>
    private static int TargetPort(JsonObject port, StoredObject pod) =>
        (int)(port.Number("targetPort")
            ?? pod.Json.Objects("spec", "containers").SelectMany(container => container.Objects("ports")).FirstOrDefault(item => item.Text("name") == port.Text("targetPort")).Number("containerPort")
            ?? 0);

    /// <summary>The service's ports as its pods have them; none while there is no pod to look a name up in.</summary>
    private static JsonArray PortsOf(List<JsonObject> ports, StoredObject? pod) => pod is null ? [] : new JsonArray([.. ports.Select(port =>
    {
        var json = new JsonObject { ["port"] = TargetPort(port, pod), ["protocol"] = port.Text("protocol") ?? "TCP" };
        if (port.Text("name") is { Length: > 0 } name)
        {
            json["name"] = name;
        }

        return (JsonNode)json;
    })]);

    private void WriteEndpoints(StoredObject service, ObjectKey key, JsonArray ports, List<StoredObject> ready, List<StoredObject> notReady)
    {
        var subsets = new JsonArray();
        if (ready.Count + notReady.Count > 0 && ports.Count > 0)
        {
            var subset = new JsonObject();
            if (ready.Count > 0)
            {
                subset["addresses"] = Addresses(ready);
            }

            if (notReady.Count > 0)
            {
                subset["notReadyAddresses"] = Addresses(notReady);
            }

            subset["ports"] = ports.DeepClone();
            subsets.Add((JsonNode)subset);
        }

        if (Store.Update(key, json =>
        {
            json["subsets"] = subsets.DeepClone();
            return true;
        }) is null)
        {
            Store.Create(key, new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Endpoints",
                ["metadata"] = new JsonObject { ["labels"] = service.Json.At("metadata", "labels")?.DeepClone() },
                ["subsets"] = subsets,
            });
        }
    }

    private static JsonArray Addresses(List<StoredObject> pods) => new([.. pods.Select(pod => (JsonNode)new JsonObject
    {
        ["ip"] = pod.Json.Text("status", "podIP"),
        ["nodeName"] = pod.NodeName(),
        ["targetRef"] = new JsonObject { ["kind"] = "Pod", ["name"] = pod.Name, ["namespace"] = pod.Namespace, ["uid"] = pod.Uid },
    })]);
}
