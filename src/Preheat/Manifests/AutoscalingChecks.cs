using Preheat.Manifests.Schemas;

namespace Preheat.Manifests;

/// <summary>Checks of autoscalers, Kubernetes' own and KEDA's: what they scale, between which numbers, and on what.</summary>
internal sealed class AutoscalingChecks(IReadOnlyList<ManifestObject> objects, ICollection<string> problems)
{
    private const string NativePrefix = "autoscaling.gke.io|";

    public void Check(ManifestObject autoscaler)
    {
        if (autoscaler.Root.Find("spec", "scaleTargetRef") is YamlMap target)
            CheckTarget(autoscaler, target);
        var keda = autoscaler.Kind == "ScaledObject";
        var (least, most) = keda ? ("minReplicaCount", "maxReplicaCount") : ("minReplicas", "maxReplicas");
        if (Quantities.Value(autoscaler.Root.Text("spec", least) ?? (keda ? "0" : "1")) is { } from && from > Quantities.Value(autoscaler.Root.Text("spec", most) ?? ""))
            problems.Add($"{autoscaler.Root.Find("spec", most)!.At}: {least} {from} is above {most} {autoscaler.Root.Text("spec", most)}.");
        foreach (var metric in autoscaler.Root.Items("spec", "metrics").OfType<YamlMap>())
            CheckMetric(metric);
        foreach (var trigger in autoscaler.Root.Items("spec", "triggers").OfType<YamlMap>())
            CheckTrigger(trigger);
    }

    private void CheckTarget(ManifestObject autoscaler, YamlMap target)
    {
        // KEDA takes a Deployment where no kind is named (keda.sh, "ScaledObject specification").
        var kind = target.Text("kind") ?? (autoscaler.Kind == "ScaledObject" ? "Deployment" : null);
        var name = target.Text("name");
        if (!objects.Any(value => value.Kind == kind && value.Name == name && value.ApiVersion == (target.Text("apiVersion") ?? value.ApiVersion)))
        {
            var known = objects.Where(value => value.Kind is "Deployment" or "StatefulSet").Select(value => value.Name).ToList();
            problems.Add($"{target.At}: {autoscaler.Title} scales {target.Text("apiVersion")} {kind}/{name}, which is not here{NearestName.Hint(name ?? "", known)}");
        }
        if (objects.Any(other => other != autoscaler && other.Kind is "HorizontalPodAutoscaler" or "ScaledObject" && other.Root.Text("spec", "scaleTargetRef", "name") == name))
            problems.Add($"{target.At}: two autoscalers scale {kind}/{name}; they would work against each other. Use --autoscale-on none for one of your own.");
    }

    private void CheckMetric(YamlMap metric)
    {
        if (metric.Text("type") is not { Length: > 0 } type)
            return;
        var field = char.ToLowerInvariant(type[0]) + type[1..];
        if (metric[field] is not YamlMap source)
        {
            problems.Add($"{metric.At}: a metric of type {type} has the field {field}.");
            return;
        }
        if (type == "Pods" && source.Find("metric", "name") is YamlScalar name)
            CheckNativeMetric(name);
        if (source["target"] is not YamlMap target || target.Text("type") is not { } form)
            return;
        var value = form switch { "AverageValue" => "averageValue", "Utilization" => "averageUtilization", _ => "value" };
        if (target[value] is null)
            problems.Add($"{target.At}: a target of type {form} has the field {value}.");
    }

    // autoscaling.gke.io|OBJECT|GAUGE: both are this deployment's own.
    private void CheckNativeMetric(YamlScalar name)
    {
        if (!name.Text.StartsWith(NativePrefix, StringComparison.Ordinal))
            return;
        var known = objects.Where(value => value.Kind == "AutoscalingMetric").SelectMany(GaugesOf).ToList();
        if (!known.Contains(name.Text))
            problems.Add($"{name.At}: no AutoscalingMetric here gives the metric '{name.Text}'{NearestName.Hint(name.Text, known)}");
    }

    private static IEnumerable<string> GaugesOf(ManifestObject metric) =>
        from item in metric.Root.Items("spec", "metrics").OfType<YamlMap>()
        from container in item.Items("pod", "containers").OfType<YamlMap>()
        from gauge in container.Items("metrics").OfType<YamlMap>()
        select $"{NativePrefix}{metric.Name}|{gauge.Text("gauge", "name")}";

    private void CheckTrigger(YamlMap trigger)
    {
        if (trigger.Find("authenticationRef", "name") is not YamlScalar name || trigger.Text("authenticationRef", "kind") is { } kind and not "TriggerAuthentication")
            return;
        var known = objects.Where(value => value.Kind == "TriggerAuthentication").Select(value => value.Name).ToList();
        if (!known.Contains(name.Text))
            problems.Add($"{name.At}: there is no TriggerAuthentication '{name.Text}' here{NearestName.Hint(name.Text, known)}");
    }
}
