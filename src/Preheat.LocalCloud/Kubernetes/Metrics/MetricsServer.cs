using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Metrics;

/// <summary>
/// <c>/apis/metrics.k8s.io/v1beta1</c>: what nodes and pods use, for <c>kubectl top</c>
/// (https://kubernetes.io/docs/tasks/debug/debug-cluster/resource-metrics-pipeline/).
/// </summary>
internal sealed class MetricsServer(ResourceMetrics metrics, ObjectStore store)
{
    public const string Group = "metrics.k8s.io";
    public const string Version = "v1beta1";

    /// <summary>The resources that it serves.</summary>
    public static JsonObject Resources() => new()
    {
        ["kind"] = "APIResourceList",
        ["apiVersion"] = "v1",
        ["groupVersion"] = $"{Group}/{Version}",
        ["resources"] = new JsonArray(Resource("nodes", "NodeMetrics", namespaced: false), Resource("pods", "PodMetrics", namespaced: true)),
    };

    /// <summary>The answer to a path below its group and version; null for any other path.</summary>
    /// <exception cref="ApiException">There is no such pod or node, or it has no sample yet.</exception>
    public JsonObject? Answer(HttpRequest request) => (request.Path.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries) switch
    {
        ["apis", Group, Version] => Resources(),
        ["apis", Group, Version, "nodes"] => List("NodeMetricsList", Nodes(request).Select(Node)),
        ["apis", Group, Version, "nodes", var name] => Nodes(request).Where(node => node.Name == name).Select(Node).FirstOrDefault() ?? throw NotFound("nodes", name),
        ["apis", Group, Version, "pods"] => List("PodMetricsList", Pods(request, "").Select(Pod)),
        ["apis", Group, Version, "namespaces", var ns, "pods"] => List("PodMetricsList", Pods(request, ns).Select(Pod)),
        ["apis", Group, Version, "namespaces", var ns, "pods", var name] => Pods(request, ns).Where(pod => pod.Pod.Name == name).Select(Pod).FirstOrDefault() ?? throw NotFound("pods", $"{ns}/{name}"),
        ["apis", Group, ..] and [_, _, _, _, ..] => throw ApiException.NoResource(),
        _ => null,
    };

    private static JsonObject Resource(string name, string kind, bool namespaced) => new()
    {
        ["name"] = name, ["singularName"] = "", ["namespaced"] = namespaced, ["kind"] = kind, ["verbs"] = KubeJson.ToArray(["get", "list"]),
    };

    private static ApiException NotFound(string plural, string name) => new(404, "NotFound", $"{plural}.{Group} \"{name}\" not found");

    private IEnumerable<StoredObject> Nodes(HttpRequest request)
    {
        var labels = LabelSelector.Parse(request.Query["labelSelector"]);
        return store.List(ResourceKinds.Node).Where(labels.Matches);
    }

    private IEnumerable<(StoredObject Pod, PodSample Sample)> Pods(HttpRequest request, string ns)
    {
        var labels = LabelSelector.Parse(request.Query["labelSelector"]);
        return store.List(ResourceKinds.Pod, ns).Where(labels.Matches).Select(pod => (pod, metrics.Of(pod.Uid))).Where(item => item.Item2 is not null)!;
    }

    private JsonObject Node(StoredObject node)
    {
        var samples = metrics.All.Where(sample => sample.Node == node.Name).ToList();
        var (time, window) = samples.Count > 0 ? (samples.Max(sample => sample.Time), samples[0].Window) : (DateTimeOffset.UnixEpoch, TimeSpan.Zero);
        var json = Of("NodeMetrics", node, time, window);
        json["usage"] = Usage(samples.Sum(sample => sample.MilliCpu), samples.Sum(sample => sample.MemoryBytes));
        return json;
    }

    private static JsonObject Pod((StoredObject Pod, PodSample Sample) item)
    {
        var json = Of("PodMetrics", item.Pod, item.Sample.Time, item.Sample.Window);
        json["containers"] = new JsonArray([.. item.Sample.Containers.Select(container => (JsonNode)new JsonObject { ["name"] = container.Name, ["usage"] = Usage(container.MilliCpu, container.MemoryBytes) })]);
        return json;
    }

    private static JsonObject Of(string kind, StoredObject item, DateTimeOffset time, TimeSpan window)
    {
        var metadata = new JsonObject { ["name"] = item.Name, ["creationTimestamp"] = KubeJson.Seconds(time), ["labels"] = item.Json.At("metadata", "labels")?.DeepClone() };
        if (item.Namespace.Length > 0)
        {
            metadata["namespace"] = item.Namespace;
        }

        return new JsonObject
        {
            ["kind"] = kind, ["apiVersion"] = $"{Group}/{Version}", ["metadata"] = metadata, ["timestamp"] = KubeJson.Seconds(time),
            ["window"] = string.Create(CultureInfo.InvariantCulture, $"{window.TotalSeconds:0.###}s"),
        };
    }

    private static JsonObject Usage(long milliCpu, long bytes) => new() { ["cpu"] = $"{milliCpu}m", ["memory"] = $"{bytes / 1024}Ki" };

    private static JsonObject List(string kind, IEnumerable<JsonObject> items) => new()
    {
        ["kind"] = kind, ["apiVersion"] = $"{Group}/{Version}", ["metadata"] = new JsonObject(), ["items"] = new JsonArray([.. items]),
    };
}
