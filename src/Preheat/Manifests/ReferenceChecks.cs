using Preheat.Manifests.Schemas;

namespace Preheat.Manifests;

/// <summary>Checks of what Services, autoscalers, disruption budgets and monitoring say about workloads.</summary>
internal sealed class ReferenceChecks(IReadOnlyList<ManifestObject> objects, ICollection<string> problems)
{
    /// <summary>True when the labels have every pair of the selector.</summary>
    public static bool IsPartOf(YamlMap selector, YamlMap? labels) =>
        labels is not null && selector.Entries.All(entry => entry.Value is YamlScalar scalar && labels.Text(entry.Key) == scalar.Text);

    public void Check(ManifestObject value)
    {
        switch (value.Kind)
        {
            case "Service":
                CheckService(value);
                break;
            case "HorizontalPodAutoscaler":
                CheckAutoscaler(value);
                break;
            case "PodDisruptionBudget":
                CheckBudget(value);
                break;
            case "PodMonitoring" when !value.IsShared && value.Root.Find("spec", "selector", "matchLabels") is YamlMap { Entries.Count: > 0 } selector:
                var targets = PodsOf(value, selector);
                foreach (var port in value.Root.Items("spec", "endpoints").OfType<YamlMap>().Select(endpoint => endpoint["port"]).OfType<YamlScalar>())
                    CheckPort(value, port, targets);
                break;
        }
    }

    private void CheckService(ManifestObject service)
    {
        if (service.Root.Find("spec", "selector") is not YamlMap { Entries.Count: > 0 } selector)
        {
            problems.Add($"{service.Root.At}: {service.Title} has no selector, so no pod would get its requests.");
            return;
        }
        var targets = PodsOf(service, selector);
        var ports = service.Root.Items("spec", "ports").OfType<YamlMap>().ToList();
        if (ports.Count == 0)
            problems.Add($"{service.Root.At}: {service.Title} has no ports.");
        foreach (var port in ports)
        {
            if (ports.Count > 1 && port.Text("name") is null)
                problems.Add($"{port.At}: a Service with several ports names each of them.");
            if ((port["targetPort"] ?? port["port"]) is YamlScalar target)
                CheckPort(service, target, targets);
        }
    }

    private void CheckAutoscaler(ManifestObject autoscaler)
    {
        var target = autoscaler.Root.Find("spec", "scaleTargetRef") as YamlMap;
        if (target is not null && !objects.Any(value => value.Kind == target.Text("kind") && value.Name == target.Text("name") && value.ApiVersion == (target.Text("apiVersion") ?? value.ApiVersion)))
        {
            var known = objects.Where(value => value.Kind is "Deployment" or "StatefulSet").Select(value => value.Name).ToList();
            problems.Add($"{target.At}: {autoscaler.Title} scales {target.Text("apiVersion")} {target.Text("kind")}/{target.Text("name")}, which is not here{NearestName.Hint(target.Text("name") ?? "", known)}");
        }
        if (target is not null && objects.Any(other => other != autoscaler && other.Kind == autoscaler.Kind && other.Root.Text("spec", "scaleTargetRef", "name") == target.Text("name")))
            problems.Add($"{target.At}: two autoscalers scale {target.Text("kind")}/{target.Text("name")}; they would work against each other. Use --autoscale-on none for one of your own.");
        var most = Quantities.Value(autoscaler.Root.Text("spec", "maxReplicas") ?? "");
        if (Quantities.Value(autoscaler.Root.Text("spec", "minReplicas") ?? "1") is { } least && least > most)
            problems.Add($"{autoscaler.Root.Find("spec", "maxReplicas")!.At}: minReplicas {least} is above maxReplicas {most}.");
        foreach (var metric in autoscaler.Root.Items("spec", "metrics").OfType<YamlMap>())
            CheckMetric(metric);
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
        if (source["target"] is not YamlMap target || target.Text("type") is not { } form)
            return;
        var value = form switch { "AverageValue" => "averageValue", "Utilization" => "averageUtilization", _ => "value" };
        if (target[value] is null)
            problems.Add($"{target.At}: a target of type {form} has the field {value}.");
    }

    private void CheckBudget(ManifestObject budget)
    {
        if (budget.Root.Find("spec", "minAvailable") is not null && budget.Root.Find("spec", "maxUnavailable") is { } both)
            problems.Add($"{both.At}: {budget.Title} has both minAvailable and maxUnavailable; Kubernetes takes one of them.");
        if (budget.Root.Find("spec", "selector", "matchLabels") is YamlMap { Entries.Count: > 0 } selector)
            PodsOf(budget, selector);
    }

    private List<ManifestObject> PodsOf(ManifestObject value, YamlMap selector)
    {
        var targets = objects.Where(workload => PodTemplates.Of(workload) is { } template && IsPartOf(selector, template.Find("metadata", "labels") as YamlMap)).ToList();
        if (targets.Count == 0)
            problems.Add($"{selector.At}: the selector of {value.Title} matches the pods of no workload here.");
        return targets;
    }

    private void CheckPort(ManifestObject value, YamlScalar target, List<ManifestObject> targets)
    {
        var ports = targets.SelectMany(workload => PodTemplates.Of(workload)!.Items("spec", "containers").OfType<YamlMap>()).SelectMany(container => container.Items("ports").OfType<YamlMap>()).ToList();
        var field = target.Kind is ScalarKind.Integer ? "containerPort" : "name";
        if (targets.Count > 0 && !ports.Exists(port => port.Text(field) == target.Text))
            problems.Add($"{target.At}: no container behind {value.Title} has the port {target.Text}{NearestName.Hint(target.Text, ports.Select(port => port.Text(field)).OfType<string>())}");
    }
}
