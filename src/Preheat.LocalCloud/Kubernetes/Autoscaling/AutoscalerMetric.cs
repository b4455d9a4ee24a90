using System.Globalization;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Metrics;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Autoscaling;

/// <summary>What one metric of an autoscaler came to.</summary>
/// <param name="Replicas">Null when the metric could not be used.</param>
/// <param name="Name">How messages call the metric.</param>
/// <param name="Status">Its entry of <c>status.currentMetrics</c>.</param>
/// <param name="Reason">Reason of condition and event when it failed (<c>FailedGetPodsMetric</c>).</param>
/// <param name="Fault">Message of the event.</param>
/// <param name="Error">The fault as the whole computation tells it.</param>
internal sealed record MetricOutcome(int? Replicas, string Name, JsonObject Status, string Reason = "", string Fault = "", string Error = "");

/// <summary>Evaluates the metrics of an autoscaler in the words of Kubernetes' controller.</summary>
internal sealed class AutoscalerMetric(MetricReader metrics, ResourceMetrics usage, InfrastructureClock clock)
{
    /// <summary>A status entry for what has no value.</summary>
    private static JsonObject Empty => new() { ["type"] = "" };

    /// <param name="spec">One of <c>spec.metrics</c>.</param>
    /// <param name="current">Replicas asked for; <paramref name="running"/> those that are there.</param>
    public MetricOutcome Evaluate(JsonObject spec, string ns, int current, int running, IReadOnlyList<StoredObject> pods, ReplicaCalculator calculator) => spec.Text("type") switch
    {
        "Pods" => Pods(spec.Map("pods")!, ns, current, pods, calculator),
        "External" => External(spec.Map("external")!, ns, current, running, pods, calculator),
        "Object" => Fail("FailedGetObjectMetric", "failed to get object metric value: ",
            $"unable to get metric {spec.Text("object", "metric", "name")}: {Kind(spec)} on {ns} {spec.Text("object", "describedObject", "name")}/unable to fetch metrics from custom metrics API: the server could not find the metric {spec.Text("object", "metric", "name")}"),
        "ContainerResource" => Resource("ContainerResource", "containerResource", spec.Map("containerResource")!, current, pods, calculator),
        _ => Resource("Resource", "resource", spec.Map("resource")!, current, pods, calculator),
    };

    private static string Kind(JsonObject spec) => spec.Text("object", "describedObject", "kind") ?? "";

    /// <summary>What the metrics server says of a resource of whole pods, or of one container of each.</summary>
    private MetricOutcome Resource(string type, string field, JsonObject source, int current, IReadOnlyList<StoredObject> pods, ReplicaCalculator calculator)
    {
        var (name, container) = (source.Text("name") ?? "", source.Text("container") ?? "");
        var what = container.Length == 0 ? name : $"{name} container";
        try
        {
            var resource = new ResourceReading(usage, clock, name, container);
            var values = resource.Values(pods);
            if (values.Count == 0)
            {
                throw new MetricException($"unable to get metrics for resource {name}: no metrics returned from resource metrics API");
            }

            if (source.Number("target", "averageUtilization") is { } percent)
            {
                var proposal = calculator.OfUtilization(current, (int)percent, values, resource.Requests(pods), pods, resource.IsUnready);
                var now = new JsonObject { ["averageUtilization"] = proposal.Percent, ["averageValue"] = Show(proposal.Usage) };
                return new MetricOutcome(proposal.Replicas, $"{what} resource utilization (percentage of request)", ResourceStatus(type, field, source, now));
            }

            var plain = calculator.OfPods(current, Target(source, "averageValue"), values, pods, resource.IsUnready);
            return new MetricOutcome(plain.Replicas, $"{what} resource", ResourceStatus(type, field, source, new JsonObject { ["averageValue"] = Show(plain.Usage) }));
        }
        catch (MetricException e)
        {
            return Fail($"FailedGet{type}Metric", $"failed to get {what} {(container.Length == 0 ? "resource " : "")}metric value: ", $"failed to get {name} utilization: {e.Message}");
        }
    }

    private static JsonObject ResourceStatus(string type, string field, JsonObject source, JsonObject now)
    {
        var status = new JsonObject { ["name"] = source.Text("name"), ["current"] = now };
        if (source.Text("container") is { } container)
        {
            status["container"] = container;
        }

        return new JsonObject { ["type"] = type, [field] = status };
    }

    private static MetricOutcome Fail(string reason, string prefix, string fault) => new(null, "", Empty, reason, fault, prefix + fault);

    private MetricOutcome Pods(JsonObject source, string ns, int current, IReadOnlyList<StoredObject> pods, ReplicaCalculator calculator)
    {
        var name = source.Text("metric", "name") ?? "";
        try
        {
            var names = pods.Select(pod => pod.Name).ToHashSet(StringComparer.Ordinal);
            var values = metrics.OfPods(ns, name, LabelSelector.FromObject(source.Map("metric", "selector"))).Where(pair => names.Contains(pair.Key)).ToDictionary(pair => pair.Key, pair => Milli(pair.Value.Value), StringComparer.Ordinal);
            if (values.Count == 0)
            {
                throw new MetricException($"unable to get metric {name}: unable to fetch metrics from custom metrics API: the server could not find the metric {name} for pods");
            }

            var proposal = calculator.OfPods(current, Target(source, "averageValue"), values, pods);
            return new MetricOutcome(proposal.Replicas, $"pods metric {name}", Current("Pods", "pods", source, "averageValue", proposal.Usage));
        }
        catch (MetricException e)
        {
            return Fail("FailedGetPodsMetric", "failed to get pods metric value: ", e.Message);
        }
    }

    private MetricOutcome External(JsonObject source, string ns, int current, int running, IReadOnlyList<StoredObject> pods, ReplicaCalculator calculator)
    {
        var name = source.Text("metric", "name") ?? "";
        var selector = source.Map("metric", "selector");
        var values = metrics.External(name, LabelSelector.FromObject(selector)).Select(series => Milli(series.Value)).ToList();
        if (values.Count == 0)
        {
            return Fail("FailedGetExternalMetric", $"failed to get {name} external metric value: ",
                $"unable to get external metric {ns}/{name}/{Show(selector)}: no metrics returned from external metrics API");
        }

        var average = source.At("target", "averageValue") is not null;
        var proposal = average
            ? calculator.OfAverage(running, Target(source, "averageValue"), values)
            : calculator.OfValue(current, Target(source, "value"), values, ReplicaCalculator.Ready(pods));
        return new MetricOutcome(proposal.Replicas, $"external metric {name}({Show(selector)})", Current("External", "external", source, average ? "averageValue" : "value", proposal.Usage));
    }

    private static long Target(JsonObject source, string name) => Math.Max(1, (long)Math.Ceiling(Quantity.ValueOf(source.At("target", name)) * 1000));

    private static JsonObject Current(string type, string field, JsonObject source, string name, long usage) => new()
    {
        ["type"] = type,
        [field] = new JsonObject { ["metric"] = source["metric"]!.DeepClone(), ["current"] = new JsonObject { [name] = Show(usage) } },
    };

    private static long Milli(double value) => (long)Math.Ceiling(value * 1000);

    /// <summary>Thousandths as a quantity: <c>10</c>, <c>2500m</c>.</summary>
    public static string Show(long milli) => (milli % 1000 == 0 ? milli / 1000 : milli).ToString(CultureInfo.InvariantCulture) + (milli % 1000 == 0 ? "" : "m");

    /// <summary>A selector as Go prints it.</summary>
    private static string Show(JsonObject? selector) => selector is null ? "nil"
        : $"&LabelSelector{{MatchLabels:map[string]string{{{string.Concat(selector.StringMap("matchLabels").OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}: {pair.Value},"))}}},MatchExpressions:[]LabelSelectorRequirement{{}},}}";
}
