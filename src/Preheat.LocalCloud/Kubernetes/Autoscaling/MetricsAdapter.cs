using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Metrics;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Autoscaling;

/// <summary>
/// <c>/apis/custom.metrics.k8s.io</c> (v1beta1, v1beta2) and <c>/apis/external.metrics.k8s.io</c> (v1beta1) as Google's adapter for Cloud
/// Monitoring serves them (https://github.com/kubernetes/metrics).
/// </summary>
internal sealed class MetricsAdapter(MetricReader metrics, ObjectStore store)
{
    private const string Custom = "custom.metrics.k8s.io";
    private const string External = "external.metrics.k8s.io";

    /// <summary>The answer to a path below these groups; null for any other path.</summary>
    /// <exception cref="ApiException">The metric is unknown, or the path names none.</exception>
    public JsonObject? Answer(HttpRequest request) => (request.Path.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries) switch
    {
        ["apis", (Custom or External) and var group, var version] when AggregatedApis.Served.Any(item => item.Group == group && item.Version == version) => Resources(group, version, metrics.Names()),
        ["apis", Custom, ("v1beta1" or "v1beta2") and var version, "namespaces", var ns, "pods", var pod, .. var metric] => OfPods(request, version, ns, pod, Name(metric)),
        ["apis", External, "v1beta1", "namespaces", _, .. var metric] => OfExternal(request, Name(metric)),
        ["apis", Custom or External, _, ..] => throw ApiException.NoResource(),
        _ => null,
    };

    private static string Name(string[] parts) => Uri.UnescapeDataString(string.Join('/', parts));

    /// <summary>The metrics that have a value, as the resources of a group's version.</summary>
    public static JsonObject Resources(string group, string version, IEnumerable<string> metrics) => new()
    {
        ["kind"] = "APIResourceList",
        ["apiVersion"] = "v1",
        ["groupVersion"] = $"{group}/{version}",
        ["resources"] = new JsonArray([.. metrics.Select(name => (JsonNode)new JsonObject
        {
            ["name"] = group == Custom ? $"pods/{name}" : name, ["singularName"] = "", ["namespaced"] = true,
            ["kind"] = group == Custom ? "MetricValueList" : "ExternalMetricValueList", ["verbs"] = KubeJson.ToArray(["get"]),
        })]),
    };

    private JsonObject OfPods(HttpRequest request, string version, string ns, string pod, string metric)
    {
        var selector = LabelSelector.Parse(request.Query["metricLabelSelector"]);
        var labels = LabelSelector.Parse(request.Query["labelSelector"]);
        var items = metrics.OfPods(ns, metric, selector)
            .Where(item => pod == "*" ? store.Get(new ObjectKey(ResourceKinds.Pod, ns, item.Key)) is { } found && labels.Matches(found) : item.Key == pod)
            .OrderBy(item => item.Key, StringComparer.Ordinal).ToList();
        if (items.Count == 0)
        {
            throw new ApiException(404, "NotFound", pod == "*" ? $"the server could not find the metric {metric} for pods" : $"the server could not find the metric {metric} for pods {pod}");
        }

        return List($"{Custom}/{version}", "MetricValueList", items.Select(item =>
        {
            var value = new JsonObject
            {
                ["describedObject"] = new JsonObject { ["kind"] = "Pod", ["namespace"] = ns, ["name"] = item.Key, ["apiVersion"] = "/__internal" },
                ["timestamp"] = KubeJson.Seconds(item.Value.Time),
                ["value"] = Quantity(item.Value.Value),
            };
            if (version == "v1beta1")
            {
                value["metricName"] = metric;
                value["selector"] = null;
            }
            else
            {
                value["metric"] = new JsonObject { ["name"] = metric, ["selector"] = null };
            }

            return value;
        }));
    }

    private JsonObject OfExternal(HttpRequest request, string metric) =>
        List($"{External}/v1beta1", "ExternalMetricValueList", metrics.External(metric, LabelSelector.Parse(request.Query["labelSelector"])).Select(series => new JsonObject
        {
            ["metricName"] = metric,
            ["metricLabels"] = series.Labels.Copy(),
            ["timestamp"] = KubeJson.Seconds(series.Time),
            ["value"] = Quantity(series.Value),
        }));

    private static JsonObject List(string apiVersion, string kind, IEnumerable<JsonObject> items) => new()
    {
        ["kind"] = kind, ["apiVersion"] = apiVersion, ["metadata"] = new JsonObject(), ["items"] = new JsonArray([.. items]),
    };

    private static string Quantity(double value) => AutoscalerMetric.Show((long)Math.Ceiling(value * 1000));
}
