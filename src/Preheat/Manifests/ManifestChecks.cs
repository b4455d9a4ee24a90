using Preheat.Serving;

namespace Preheat.Manifests;

/// <summary>Checks of rendered objects before anything is sent: names, labels, and what one object says about another.</summary>
internal static class ManifestChecks
{
    /// <summary>The label that every object of a deployment carries; its value is the deployment's name.</summary>
    public const string DeploymentLabel = "preheat-deployment";

    /// <summary>The label, with value <see cref="Manager"/>, of everything this program made.</summary>
    public const string ManagedByLabel = "app.kubernetes.io/managed-by";

    /// <summary>Value of <see cref="ManagedByLabel"/>, and the name of the field manager.</summary>
    public const string Manager = "preheat";

    private const string Gpu = "nvidia.com/gpu";

    /// <summary>Every problem with the place it stands at; none when the objects may be applied.</summary>
    public static IReadOnlyList<string> Check(IReadOnlyList<ManifestObject> objects, Deployment deployment)
    {
        var problems = new List<string>();
        foreach (var same in objects.GroupBy(value => (value.ApiVersion, value.Title)).Where(same => same.Count() > 1))
            problems.Add($"{same.Last().Root.At}: {same.Key.Title} is there already, from {same.First().Root.At}.");
        foreach (var value in objects)
        {
            CheckMetadata(value, deployment, problems);
            if (value.Root.Find("spec", "template") is YamlMap template)
                CheckWorkload(value, template, problems);
            if (value.Kind == "Service")
                CheckService(value, objects, problems);
        }
        return problems;
    }

    private static void CheckMetadata(ManifestObject value, Deployment deployment, List<string> problems)
    {
        var name = value.Root.Find("metadata", "name")!;
        if (value.Kind == "Service" && !KubernetesNames.IsServiceName(value.Name))
            problems.Add($"{name.At}: '{value.Name}' cannot name a Service: at most 63 lower-case letters, digits and '-', a letter first. Choose another --deployment.");
        else if (!KubernetesNames.IsSubdomain(value.Name))
            problems.Add($"{name.At}: '{value.Name}' is no name for an object: lower-case letters, digits, '-' and '.', at most 253.");
        if (value.Namespace != deployment.Namespace)
            problems.Add($"{(value.Root.Find("metadata", "namespace") ?? name).At}: {value.Title} is in {(value.Namespace is null ? "no namespace" : $"namespace {value.Namespace}")}, the deployment in {deployment.Namespace}. Write namespace: ${{NAMESPACE}}.");
        CheckLabels(value.Root.Find("metadata", "labels"), problems);
        foreach (var (key, wanted) in new[] { (DeploymentLabel, deployment.Name), (ManagedByLabel, Manager) })
        {
            if (value.Root.Text("metadata", "labels", key) != wanted)
                problems.Add($"{(value.Root.Find("metadata", "labels") ?? name).At}: {value.Title} needs the label {key}: {wanted}, or it would never be found for removal.");
        }
    }

    private static void CheckLabels(YamlValue? labels, List<string> problems)
    {
        foreach (var entry in (labels as YamlMap)?.Entries ?? [])
        {
            if (!KubernetesNames.IsLabelKey(entry.Key))
                problems.Add($"{entry.At}: '{entry.Key}' is no label key.");
            if (entry.Value is not YamlScalar { Kind: ScalarKind.String } text)
                problems.Add($"{entry.Value.At}: the label {entry.Key} must be a string, not {entry.Value.Shape}; quote it.");
            else if (!KubernetesNames.IsLabelValue(text.Text))
                problems.Add($"{text.At}: '{text.Text}' is no label value: at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends.");
        }
    }

    private static void CheckWorkload(ManifestObject value, YamlMap template, List<string> problems)
    {
        var labels = template.Find("metadata", "labels");
        CheckLabels(labels, problems);
        CheckLabels(template.Find("spec", "nodeSelector"), problems);
        if (value.Root.Text("spec", "template", "metadata", "labels", DeploymentLabel) is null)
            problems.Add($"{(labels ?? template).At}: the pods of {value.Title} need the label {DeploymentLabel}.");
        var selector = value.Root.Find("spec", "selector", "matchLabels");
        if (value.Kind == "Deployment" && selector is not YamlMap { Entries.Count: > 0 })
            problems.Add($"{(selector ?? value.Root).At}: {value.Title} has no selector.matchLabels.");
        if (selector is YamlMap match && !IsPartOf(match, labels as YamlMap))
            problems.Add($"{match.At}: the selector of {value.Title} does not match the labels of its own template.");
        if (template.Items("spec", "containers").Count == 0)
            problems.Add($"{template.At}: the template of {value.Title} has no containers.");
        foreach (var container in template.Items("spec", "containers").Concat(template.Items("spec", "initContainers")))
            CheckContainer(container as YamlMap ?? new YamlMap(container.At, []), problems);
    }

    private static void CheckContainer(YamlMap container, List<string> problems)
    {
        if (container.Text("name") is not { } name || !KubernetesNames.IsLabel(name))
            problems.Add($"{(container["name"] ?? container).At}: a container needs a name of at most 63 lower-case letters, digits and '-'.");
        if (container.Text("image") is not { } image || !KubernetesNames.IsImageByDigest(image))
            problems.Add($"{(container["image"] ?? container).At}: the image is not pinned to a digest. Write image: ${{IMAGE}}, or NAME@sha256:….");
        var requested = container.Text("resources", "requests", Gpu);
        var limit = container.Text("resources", "limits", Gpu);
        if (requested != limit)
            problems.Add($"{(container.Find("resources", "limits", Gpu) ?? container.Find("resources", "requests", Gpu))!.At}: {Gpu} is requested as {requested ?? "nothing"} and limited to {limit ?? "nothing"}; Kubernetes wants both the same.");
    }

    private static void CheckService(ManifestObject service, IReadOnlyList<ManifestObject> objects, List<string> problems)
    {
        if (service.Root.Find("spec", "selector") is not YamlMap { Entries.Count: > 0 } selector)
        {
            problems.Add($"{service.Root.At}: {service.Title} has no selector, so no pod would get its requests.");
            return;
        }
        var targets = objects.Where(value => IsPartOf(selector, value.Root.Find("spec", "template", "metadata", "labels") as YamlMap)).ToList();
        if (targets.Count == 0)
            problems.Add($"{selector.At}: the selector of {service.Title} matches the pods of no workload here.");
        foreach (var port in service.Root.Items("spec", "ports").OfType<YamlMap>())
        {
            var target = port["targetPort"] as YamlScalar ?? port["port"] as YamlScalar;
            if (target is not null && targets.Count > 0 && !targets.Exists(workload => HasPort(workload, target)))
                problems.Add($"{target.At}: no container behind {service.Title} has the port {target.Text}.");
        }
    }

    private static bool HasPort(ManifestObject workload, YamlScalar target) => workload.Root
        .Items("spec", "template", "spec", "containers")
        .OfType<YamlMap>()
        .SelectMany(container => container.Items("ports").OfType<YamlMap>())
        .Any(port => port.Text(target.Kind is ScalarKind.Integer ? "containerPort" : "name") == target.Text);

    private static bool IsPartOf(YamlMap selector, YamlMap? labels) =>
        labels is not null && selector.Entries.All(entry => entry.Value is YamlScalar scalar && labels.Text(entry.Key) == scalar.Text);
}
