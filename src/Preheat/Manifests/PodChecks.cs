using System.Globalization;
using Preheat.Manifests.Schemas;
using Preheat.Serving;

namespace Preheat.Manifests;

/// <summary>Checks of the pods that an object makes: selector, containers, volumes, probes, GPUs, and the ConfigMaps, Secrets, claims and accounts they name.</summary>
internal sealed class PodChecks(IReadOnlyList<ManifestObject> objects, Deployment deployment, ICollection<string> problems, ICollection<string> warnings)
{
    private const string Gpu = "nvidia.com/gpu";

    public void Check(ManifestObject value)
    {
        if (PodTemplates.Of(value) is not { } template)
            return;
        var labels = template.Find("metadata", "labels");
        if (value.Kind != "Pod")
            ManifestChecks.CheckLabels(labels, problems);
        ManifestChecks.CheckLabels(template.Find("spec", "nodeSelector"), problems);
        if (!value.IsShared && (labels as YamlMap)?.Text(ManifestChecks.DeploymentLabel) is null)
            problems.Add($"{(labels ?? template).At}: the pods of {value.Title} need the label {ManifestChecks.DeploymentLabel}.");
        CheckSelector(value, labels as YamlMap);
        if (template.Items("spec", "containers").Count == 0)
            problems.Add($"{template.At}: the template of {value.Title} has no containers.");
        CheckPolicy(value, template);
        CheckVolumes(template);
        CheckPortNames(template);
        CheckStrategy(value);
        foreach (var container in template.Items("spec", "containers").Concat(template.Items("spec", "initContainers")))
            CheckContainer(value, template, container as YamlMap ?? new YamlMap(container.At, []));
        foreach (var container in template.Items("spec", "containers").OfType<YamlMap>())
            CheckProbes(value, container);
        CheckReference("ServiceAccount", template.Find("spec", "serviceAccountName"), isOptional: false);
    }

    private void CheckSelector(ManifestObject value, YamlMap? labels)
    {
        var selector = value.Kind == "Job" ? null : value.Root.Find("spec", "selector", "matchLabels");
        if (value.Kind is "Deployment" or "StatefulSet" or "DaemonSet" && selector is not YamlMap { Entries.Count: > 0 })
            problems.Add($"{(selector ?? value.Root).At}: {value.Title} has no selector.matchLabels.");
        if (selector is YamlMap match && !ReferenceChecks.IsPartOf(match, labels))
            problems.Add($"{match.At}: the selector of {value.Title} does not match the labels of its own template.");
    }

    private void CheckStrategy(ManifestObject value)
    {
        if (value.Root.Text("spec", "strategy", "type") == "Recreate" && value.Root.Find("spec", "strategy", "rollingUpdate") is { } rolling)
            problems.Add($"{rolling.At}: spec.strategy.rollingUpdate is for the type RollingUpdate; with Recreate set it to null.");
        if (value.Root.Find("spec", "strategy", "rollingUpdate") is YamlMap update && update.Text("maxSurge") is "0" or "0%" && update.Text("maxUnavailable") is "0" or "0%")
            problems.Add($"{update.At}: maxSurge and maxUnavailable are both 0, so no roll-out could begin.");
        if (value.Kind == "Deployment" && Whole(value.Root.Find("spec", "progressDeadlineSeconds")) is { } deadline && deadline <= (Whole(value.Root.Find("spec", "minReadySeconds")) ?? 0))
            problems.Add($"{value.Root.Find("spec", "progressDeadlineSeconds")!.At}: spec.progressDeadlineSeconds must be greater than minReadySeconds.");
    }

    private void CheckPolicy(ManifestObject value, YamlMap template)
    {
        if (template["spec"] is not YamlMap spec)
            return;
        var restart = spec["restartPolicy"] as YamlScalar;
        if (value.Kind is "Deployment" or "StatefulSet" or "DaemonSet" && restart is { Text: not "Always" })
            problems.Add($"{restart.At}: the pods of a {value.Kind} are always restarted: restartPolicy is Always, or left out.");
        if (value.Kind is "Job" or "CronJob" && restart?.Text is not ("Never" or "OnFailure"))
            problems.Add($"{(restart ?? (YamlValue)spec).At}: the pods of a {value.Kind} need restartPolicy: Never or OnFailure.");
    }

    private void CheckContainer(ManifestObject value, YamlMap template, YamlMap container)
    {
        if (container.Text("name") is not { } name || !KubernetesNames.IsLabel(name))
            problems.Add($"{(container["name"] ?? container).At}: a container needs a name of at most 63 lower-case letters, digits and '-'.");
        if (container.Text("image") is not { } image || !KubernetesNames.IsImageByDigest(image))
            problems.Add($"{(container["image"] ?? container).At}: the image is not pinned to a digest. Write image: ${{IMAGE}}, or NAME@sha256:….");
        CheckResources(container);
        var volumes = template.Items("spec", "volumes").OfType<YamlMap>().Select(volume => volume.Text("name") ?? "").ToList();
        foreach (var mount in container.Items("volumeMounts").OfType<YamlMap>())
        {
            if (mount.Text("name") is { } volume && !volumes.Contains(volume))
                problems.Add($"{mount["name"]!.At}: the pods of {value.Title} have no volume '{volume}'{NearestName.Hint(volume, volumes)}");
            if (mount.Text("mountPath") is { } path && (!path.StartsWith('/') || path.Contains(':', StringComparison.Ordinal)))
                problems.Add($"{mount["mountPath"]!.At}: mountPath '{path}' is no absolute path.");
        }
        foreach (var variable in container.Items("env").OfType<YamlMap>())
        {
            if (variable["value"] is not null && variable["valueFrom"] is not null)
                problems.Add($"{variable.At}: the variable {variable.Text("name")} has both a value and a valueFrom.");
            CheckReference("Secret", variable.Find("valueFrom", "secretKeyRef", "name"), variable.Text("valueFrom", "secretKeyRef", "optional") == "true");
            CheckReference("ConfigMap", variable.Find("valueFrom", "configMapKeyRef", "name"), variable.Text("valueFrom", "configMapKeyRef", "optional") == "true");
        }
        foreach (var source in container.Items("envFrom").OfType<YamlMap>())
        {
            CheckReference("Secret", source.Find("secretRef", "name"), source.Text("secretRef", "optional") == "true");
            CheckReference("ConfigMap", source.Find("configMapRef", "name"), source.Text("configMapRef", "optional") == "true");
        }
    }

    private void CheckResources(YamlMap container)
    {
        var requested = container.Text("resources", "requests", Gpu);
        var limit = container.Text("resources", "limits", Gpu);
        if (requested != limit)
            problems.Add($"{(container.Find("resources", "limits", Gpu) ?? container.Find("resources", "requests", Gpu))!.At}: {Gpu} is requested as {requested ?? "nothing"} and limited to {limit ?? "nothing"}; Kubernetes wants both the same.");
        if (limit is not null && Whole(container.Find("resources", "limits", Gpu)) is null or < 1)
            problems.Add($"{container.Find("resources", "limits", Gpu)!.At}: {Gpu} is a whole number of GPUs, not {limit}.");
        foreach (var request in (container.Find("resources", "requests") as YamlMap)?.Entries ?? [])
        {
            if (container.Text("resources", "limits", request.Key) is { } most && request.Value is YamlScalar least && Quantities.Value(least.Text) > Quantities.Value(most))
                problems.Add($"{least.At}: {request.Key} is requested as {least.Text}, more than its limit {most}.");
        }
    }

    private void CheckProbes(ManifestObject value, YamlMap container)
    {
        foreach (var kind in new[] { "startupProbe", "readinessProbe", "livenessProbe" })
        {
            if (container[kind] is not YamlMap probe)
                continue;
            var ways = new[] { "exec", "grpc", "httpGet", "tcpSocket" }.Where(way => probe[way] is not null).ToList();
            if (ways.Count != 1)
                problems.Add($"{probe.At}: a {kind} needs exactly one of exec, grpc, httpGet and tcpSocket, and has {(ways.Count == 0 ? "none" : string.Join(" and ", ways))}.");
            foreach (var port in new[] { probe.Find("httpGet", "port"), probe.Find("tcpSocket", "port") }.OfType<YamlScalar>())
            {
                if (port.Kind is ScalarKind.String && !container.Items("ports").OfType<YamlMap>().Any(known => known.Text("name") == port.Text))
                    problems.Add($"{port.At}: the {kind} asks the port '{port.Text}', which the container does not name{NearestName.Hint(port.Text, container.Items("ports").OfType<YamlMap>().Select(known => known.Text("name")).OfType<string>())}");
            }
        }
        if (value.Kind == "Deployment" && container.Find("resources", "limits", Gpu) is not null && (container["readinessProbe"] is null || container["startupProbe"] is null))
            problems.Add($"{container.At}: the container {container.Text("name")} needs a startupProbe and a readinessProbe, or it would get requests before the model is loaded.");
    }

    private void CheckVolumes(YamlMap template)
    {
        foreach (var volume in template.Items("spec", "volumes").OfType<YamlMap>())
        {
            var sources = volume.Entries.Select(entry => entry.Key).Where(key => key != "name").ToList();
            if (sources.Count > 1)
                problems.Add($"{volume.At}: the volume {volume.Text("name")} has more than one source: {string.Join(", ", sources)}. Set the one to remove to null.");
            CheckReference("PersistentVolumeClaim", volume.Find("persistentVolumeClaim", "claimName"), isOptional: false);
            CheckReference("ConfigMap", volume.Find("configMap", "name"), volume.Text("configMap", "optional") == "true");
            CheckReference("Secret", volume.Find("secret", "secretName"), volume.Text("secret", "optional") == "true");
        }
    }

    private void CheckPortNames(YamlMap template)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var port in template.Items("spec", "containers").OfType<YamlMap>().SelectMany(container => container.Items("ports").OfType<YamlMap>()))
        {
            if (Whole(port["containerPort"]) is < 1 or > 65535)
                problems.Add($"{port["containerPort"]!.At}: {port.Text("containerPort")} is no port: 1 to 65535.");
            if (port.Text("name") is not { } name)
                continue;
            if (name.Length > 15 || !KubernetesNames.IsLabel(name) || !name.Any(char.IsAsciiLetter))
                problems.Add($"{port["name"]!.At}: '{name}' is no name of a port: at most 15 lower-case letters, digits and '-', one of them a letter.");
            if (!seen.Add(name))
                problems.Add($"{port["name"]!.At}: two ports of the pod are named '{name}'.");
        }
    }

    // What the manifests do not bring may be in the cluster; a name that is nearly one of theirs is a slip.
    private void CheckReference(string kind, YamlValue? name, bool isOptional)
    {
        if (name is not YamlScalar { Text: { Length: > 0 } text } || IsMadeElsewhere(kind, text))
            return;
        var known = objects.Where(value => value.Kind == kind).Select(value => value.Name).ToList();
        if (known.Contains(text) || isOptional)
            return;
        if (NearestName.Find(text, known) is { } near)
            problems.Add($"{name.At}: the {kind} '{text}' is not here; did you mean '{near}'?");
        else
            warnings.Add($"{name.At}: the {kind} '{text}' is not among the manifests; the pods wait until the namespace {deployment.Namespace} has it.");
    }

    // The hub's token is applied from memory, the weights' claim is made by StageWeights, and every namespace has its default account.
    private bool IsMadeElsewhere(string kind, string name) => kind switch
    {
        "Secret" => name == $"{deployment.Name}-hub",
        "PersistentVolumeClaim" => deployment.Weights == "volume" && name.StartsWith(deployment.Name + "-", StringComparison.Ordinal),
        "ServiceAccount" => name == "default",
        _ => false,
    };

    private static long? Whole(YamlValue? value) =>
        value is YamlScalar scalar && long.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
}
