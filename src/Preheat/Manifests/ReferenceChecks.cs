using Preheat.Manifests.Schemas;

namespace Preheat.Manifests;

/// <summary>Checks of what Services, autoscalers, disruption budgets and monitoring say about workloads.</summary>
internal sealed class ReferenceChecks(IReadOnlyList<ManifestObject> objects, ICollection<string> problems)
{
    private readonly AutoscalingChecks _autoscaling = new(objects, problems);

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
            case "HorizontalPodAutoscaler" or "ScaledObject":
                _autoscaling.Check(value);
                break;
            case "AutoscalingMetric":
                CheckScraped(value);
                break;
            case "NetworkPolicy" when value.Root.Find("spec", "podSelector", "matchLabels") is YamlMap { Entries.Count: > 0 } guarded:
                var behind = PodsOf(value, guarded);
                foreach (var port in value.Root.Items("spec", "ingress").OfType<YamlMap>().SelectMany(rule => rule.Items("ports")).OfType<YamlMap>().Select(port => port["port"]).OfType<YamlScalar>())
                    CheckPort(value, port, behind);
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

    private void CheckScraped(ManifestObject metric)
    {
        foreach (var pod in metric.Root.Items("spec", "metrics").OfType<YamlMap>().Select(item => item["pod"]).OfType<YamlMap>())
        {
            if (pod.Find("selector", "matchLabels") is not YamlMap { Entries.Count: > 0 } selector)
                continue;
            var targets = PodsOf(metric, selector);
            foreach (var port in pod.Items("containers").OfType<YamlMap>().Select(container => container.Find("endpoint", "port")).OfType<YamlScalar>())
                CheckPort(metric, port, targets);
        }
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
