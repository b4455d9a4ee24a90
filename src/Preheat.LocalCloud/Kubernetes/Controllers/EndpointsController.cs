using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>Keeps Endpoints, EndpointSlice and the proxy's routes at the ready pods that a Service selects.</summary>
internal sealed class EndpointsController(ObjectStore store, InfrastructureClock clock, ServiceRoutes routes) : Controller(store, clock)
{
    /// <summary>Most addresses of one Endpoints object (https://kubernetes.io/docs/concepts/services-networking/service/#over-capacity-endpoints).</summary>
    private const int Most = 1_000;

    private const string OverCapacity = "endpoints.kubernetes.io/over-capacity";

    /// <summary>What services select, so that a pod's change does not read each selector anew.</summary>
    private readonly ConditionalWeakTable<StoredObject, Selection> _selections = [];

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
                if (SelectorOf(service)?.Matches(change.Object) == true)
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
            EndpointSlices.Remove(Store, key);
            return Task.CompletedTask;
        }

        if (SelectorOf(service) is not { } selector)
        {
            return Task.CompletedTask;
        }

        var pods = Store.List(ResourceKinds.Pod, key.Namespace).Where(pod => pod.IsActive() && pod.NodeName().Length > 0 && selector.Matches(pod)).ToList();
        var ready = pods.Where(pod => pod.IsReady() || service.Json.Flag("spec", "publishNotReadyAddresses")).ToList();
        var ports = service.Json.Objects("spec", "ports").ToList();
        routes.Set(key.Namespace, key.Name, ports.Select(port => new ServiceRoute(
            port.Text("name") ?? "", (int)(port.Number("port") ?? 0), [.. ready.Select(pod => new RouteTarget(pod.Uid, TargetPort(port, pod))).Where(target => target.Port > 0)])));
        var reached = PortsOf(ports, ready.Count > 0 ? ready[0] : pods.FirstOrDefault());
        var isReady = ready.ToHashSet();
        WriteEndpoints(service, endpoints, reached, ready, [.. pods.Where(pod => !isReady.Contains(pod))]);
        EndpointSlices.Write(Store, service, pods, isReady, reached);
        return Task.CompletedTask;
    }

    private LabelSelector? SelectorOf(StoredObject service) =>
        _selections.GetValue(service, item => new Selection(LabelSelector.FromMap(item.Json.Map("spec", "selector")))).Selector;

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
        var truncated = ready.Count + notReady.Count > Most;
        ready = [.. ready.Take(Most)];
        notReady = [.. notReady.Take(Most - ready.Count)];
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

        bool Change(JsonObject json)
        {
            json["subsets"] = subsets.DeepClone();
            if (truncated)
            {
                json.Ensure("metadata", "annotations")[OverCapacity] = "truncated";
            }
            else
            {
                json.Map("metadata", "annotations")?.Remove(OverCapacity);
            }

            return true;
        }

        if (Store.Update(key, Change) is null)
        {
            var created = new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Endpoints",
                ["metadata"] = new JsonObject { ["labels"] = service.Json.At("metadata", "labels")?.DeepClone() },
            };
            Change(created);
            Store.Create(key, created);
        }
    }

    private static JsonArray Addresses(List<StoredObject> pods) => new([.. pods.Select(pod => (JsonNode)new JsonObject
    {
        ["ip"] = pod.Json.Text("status", "podIP"),
        ["nodeName"] = pod.NodeName(),
        ["targetRef"] = new JsonObject { ["kind"] = "Pod", ["name"] = pod.Name, ["namespace"] = pod.Namespace, ["uid"] = pod.Uid },
    })]);

    private sealed record Selection(LabelSelector? Selector);
}
