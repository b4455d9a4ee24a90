using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Autoscaling;

/// <summary>
/// <c>autoscaling/v1</c>, which knows a target of CPU and nothing else, over <c>v2</c>
/// (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v1/). The real server carries the rest through v1 in
/// annotations; here a write by v1 leaves the rest as it is.
/// </summary>
internal static class AutoscalerVersions
{
    private const string Percent = "targetCPUUtilizationPercentage";

    public static JsonObject FromV2(JsonObject stored)
    {
        var json = stored.Copy();
        json["apiVersion"] = "autoscaling/v1";
        var (spec, status) = (json.Ensure("spec"), json.Ensure("status"));
        if (Cpu(spec) is { } target)
        {
            spec[Percent] = target["averageUtilization"]!.DeepClone();
        }

        if (status.Objects("currentMetrics").Select(metric => metric.Map("resource")).FirstOrDefault(metric => metric.Text("name") == "cpu").Number("current", "averageUtilization") is { } now)
        {
            status["currentCPUUtilizationPercentage"] = now;
        }

        spec.Remove("metrics");
        spec.Remove("behavior");
        status.Remove("currentMetrics");
        status.Remove("conditions");
        return json;
    }

    public static void ToV2(JsonObject json, JsonObject? before)
    {
        json["apiVersion"] = "autoscaling/v2";
        var spec = json.Ensure("spec");
        var metrics = new JsonArray([.. before.Objects("spec", "metrics").Where(metric => Cpu(metric) is null).Select(metric => (JsonNode)metric.DeepClone())]);
        if (spec.Number(Percent) is { } percent)
        {
            var target = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = percent };
            metrics.Insert(0, new JsonObject { ["type"] = "Resource", ["resource"] = new JsonObject { ["name"] = "cpu", ["target"] = target } });
        }

        spec.Remove(Percent);
        if (metrics.Count > 0)
        {
            spec["metrics"] = metrics;
        }

        if (before.At("spec", "behavior") is { } behavior)
        {
            spec["behavior"] = behavior.DeepClone();
        }
    }

    /// <summary>The target of CPU as a share of the requests, of one metric or of the first that has one.</summary>
    private static JsonObject? Cpu(JsonObject specOrMetric) =>
        specOrMetric.Objects("metrics").DefaultIfEmpty(specOrMetric).Select(metric => metric.Map("resource"))
            .FirstOrDefault(resource => resource.Text("name") == "cpu" && resource.Number("target", "averageUtilization") is not null).Map("target");
}
