using System.Globalization;
using System.Text.Json.Nodes;

namespace Preheat.Kubernetes;

/// <summary>Whether an HPA can do its work (autoscaling/v2, <c>status.conditions</c>: <c>AbleToScale</c>, <c>ScalingActive</c>, <c>ScalingLimited</c>).</summary>
internal static class AutoscalerProgress
{
    public static ObjectProgress Of(KubernetesObject autoscaler)
    {
        var (current, desired) = (autoscaler.Json.Whole("status", "currentReplicas") ?? 0, autoscaler.Json.Whole("status", "desiredReplicas") ?? 0);
        foreach (var type in new[] { "AbleToScale", "ScalingActive" })
        {
            // Without replicas there is nothing to measure: that is no fault.
            if (autoscaler.Condition(type) is { } condition && condition.Text("status") == "False" && condition.Text("reason") is not "ScalingDisabled")
                return ObjectProgress.Waiting($"cannot scale: {condition.Text("reason")}: {condition.Text("message")}");
        }
        var limited = autoscaler.Condition("ScalingLimited") is { } limit && limit.Text("status") == "True" ? $" ({limit.Text("message")})" : "";
        return autoscaler.Condition("ScalingActive") is null ? ObjectProgress.Waiting("no metrics read yet") : ObjectProgress.Done($"{current} replicas{Bounds(autoscaler)}, wants {desired}{limited}{string.Concat(Metrics(autoscaler).Select(metric => "; " + metric))}");
    }

    private static string Bounds(KubernetesObject autoscaler) =>
        autoscaler.Json.Whole("spec", "maxReplicas") is { } most ? $" of {autoscaler.Json.Whole("spec", "minReplicas") ?? 1} to {most}" : "";

    /// <summary>Each metric with its value of now and its target: <c>vllm:num_requests_running 3.5, target 10</c>.</summary>
    private static IEnumerable<string> Metrics(KubernetesObject autoscaler)
    {
        var current = autoscaler.Json.Items("status", "currentMetrics").ToList();
        foreach (var metric in autoscaler.Json.Items("spec", "metrics"))
        {
            var source = SourceOf(metric);
            var name = NameOf(source);
            var now = current.Where(item => item.Text("type") == metric.Text("type")).Select(SourceOf).FirstOrDefault(item => NameOf(item) == name);
            // What Google's adapter calls a metric: prometheus.googleapis.com|vllm:num_requests_running|gauge.
            var title = name.Split('|') is [_, var middle, _] ? middle : name;
            yield return $"{title} {Value(now.At("current")) ?? "unknown"}, target {Value(source.At("target")) ?? "unknown"}";
        }
    }

    // autoscaling/v2, MetricSpec: the source stands under its type's name in lower case.
    private static JsonNode? SourceOf(JsonObject metric) => metric.Text("type") is { Length: > 0 } type ? metric.At(char.ToLowerInvariant(type[0]) + type[1..]) : null;

    private static string NameOf(JsonNode? source) => source.Text("metric", "name") ?? source.Text("name") ?? "";

    private static string? Value(JsonNode? value) =>
        value.Whole("averageUtilization") is { } percent ? $"{percent} %" : (value.Text("averageValue") ?? value.Text("value")) is { } quantity ? Number(quantity) : null;

    // A quantity of thousandths as people write it: 3500m is 3.5.
    private static string Number(string quantity) =>
        quantity.EndsWith('m') && long.TryParse(quantity.AsSpan(0, quantity.Length - 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var thousandths)
            ? (thousandths / 1000m).ToString("0.###", CultureInfo.InvariantCulture)
            : quantity;
}
