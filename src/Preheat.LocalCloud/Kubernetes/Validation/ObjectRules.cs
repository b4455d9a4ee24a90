using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Definitions;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>Rules between fields, kind by kind; what the type table cannot say.</summary>
internal static class ObjectRules
{
    /// <summary>Every fault of a new object, or of the new version of <paramref name="before"/>.</summary>
    public static IEnumerable<Cause> Check(ResourceKind kind, JsonObject json, JsonObject? before)
    {
        var causes = Names.Metadata(kind, json);
        causes = (kind.Defined is null ? kind.Kind : "") switch
        {
            "Pod" => causes.Concat(PodRules.Check(json, "spec", "metadata")).Concat(before is null ? [] : PodUpdate(json, before)),
            "Deployment" or "ReplicaSet" => causes.Concat(Workload(kind, json, before)),
            "Service" => causes.Concat(Service(json, before)),
            "Lease" => causes.Concat(LeaseRules.Check(json)),
            "Secret" or "ConfigMap" => causes.Concat(DataRules.Check(json, before)),
            "Job" => causes.Concat(JobRules.Check(json, before)),
            "NetworkPolicy" => causes.Concat(PolicyRules.Network(json)),
            "ResourceQuota" => causes.Concat(PolicyRules.Quota(json, before)),
            "PriorityClass" => causes.Concat(PolicyRules.Priority(json, before)),
            "HorizontalPodAutoscaler" => causes.Concat(Autoscaler(json)),
            "PodDisruptionBudget" => causes.Concat(Budget(json)),
            "PersistentVolumeClaim" => causes.Concat(StorageRules.Claim(json, before)),
            "PersistentVolume" => causes.Concat(StorageRules.Volume(json, before)),
            "StorageClass" => causes.Concat(StorageRules.Class(json, before)),
            "LimitRange" => causes.Concat(LimitRangeRules.Check(json)),
            "RoleBinding" or "ClusterRoleBinding" => causes.Concat(Binding(json, before)),
            "CustomResourceDefinition" => causes.Concat(DefinitionRules.Check(json, before)),
            _ => causes,
        };
        return causes;
    }

    private static IEnumerable<Cause> Workload(ResourceKind kind, JsonObject json, JsonObject? before)
    {
        var spec = json.Map("spec");
        if (spec.Number("replicas") is < 0 and var replicas)
        {
            yield return Cause.Invalid("spec.replicas", replicas, "must be greater than or equal to 0");
        }

        var selector = spec.Map("selector");
        if (selector is not null && LabelSelector.FromObject(selector) is null)
        {
            yield return Cause.Invalid("spec.selector", selector, kind == ResourceKinds.Deployment ? "empty selector is invalid for deployment" : "empty selector is invalid for replicaset");
        }
        else if (selector is not null && spec.Map("template") is not null && !LabelSelector.FromObject(selector)!.Matches(spec.Map("template", "metadata", "labels")))
        {
            yield return Cause.Invalid("spec.template.metadata.labels", spec.Map("template", "metadata", "labels"), "`selector` does not match template `labels`");
        }

        if (before is not null && !KubeJson.Same(selector, before.At("spec", "selector")))
        {
            yield return Cause.Invalid("spec.selector", selector, "field is immutable");
        }

        if (spec.Map("template") is { } template)
        {
            foreach (var cause in Names.Labels(template.Map("metadata", "labels"), "spec.template.labels")
                .Concat(Names.Annotations(template.Map("metadata", "annotations"), "spec.template.annotations"))
                .Concat(PodRules.Check(template, "spec.template.spec", "spec.template.metadata")))
            {
                yield return cause;
            }

            if (template.Text("spec", "restartPolicy") is { } policy and not "Always")
            {
                yield return Cause.Unsupported("spec.template.spec.restartPolicy", policy, ["Always"]);
            }
        }

        if (kind == ResourceKinds.Deployment)
        {
            foreach (var cause in Rollout(spec))
            {
                yield return cause;
            }
        }
    }

    private static IEnumerable<Cause> Rollout(JsonObject? spec)
    {
        if (spec.Number("progressDeadlineSeconds") is { } deadline && deadline <= (spec.Number("minReadySeconds") ?? 0))
        {
            yield return Cause.Invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds");
        }

        if (spec.Text("strategy", "type") == "Recreate" && spec.Map("strategy", "rollingUpdate") is not null)
        {
            yield return Cause.Forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
        }

        var zero = 0;
        foreach (var name in new[] { "maxUnavailable", "maxSurge" })
        {
            if (spec.At("strategy", "rollingUpdate", name) is not { } share)
            {
                continue;
            }

            var (value, valid) = Share.Read(share);
            zero += valid && value == 0 ? 1 : 0;
            if (!valid)
            {
                yield return Cause.Invalid($"spec.strategy.rollingUpdate.{name}", share,
                    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')");
            }
            else if (name == "maxUnavailable" && share.Text() is not null && value > 100)
            {
                yield return Cause.Invalid($"spec.strategy.rollingUpdate.{name}", share, "must not be greater than 100%");
            }
        }

        if (zero == 2)
        {
            yield return Cause.Invalid("spec.strategy.rollingUpdate.maxUnavailable", spec.At("strategy", "rollingUpdate", "maxUnavailable"), "may not be 0 when `maxSurge` is 0");
        }
    }

    private static IEnumerable<Cause> PodUpdate(JsonObject json, JsonObject before)
    {
        // Of a pod's spec only images, deadline, tolerations and grace may change.
        var (old, now) = (Fixed(before), Fixed(json));
        if (!KubeJson.Same(old, now))
        {
            yield return Cause.Forbidden("spec",
                "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`," +
                "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)");
        }

        static JsonObject Fixed(JsonObject pod)
        {
            var spec = pod.Map("spec")?.Copy() ?? [];
            foreach (var name in new[] { "activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds" })
            {
                spec.Remove(name);
            }

            foreach (var container in spec.Objects("containers").Concat(spec.Objects("initContainers")))
            {
                container.Remove("image");
            }

            return spec;
        }
    }

    private static IEnumerable<Cause> Service(JsonObject json, JsonObject? before)
    {
        var spec = json.Map("spec");
        var ports = spec.Objects("ports").ToList();
        if (ports.Count == 0 && spec.Text("type") is not "ExternalName" && spec.Text("clusterIP") is not "None")
        {
            yield return Cause.Required("spec.ports");
        }

        foreach (var cause in Names.Labels(spec.Map("selector"), "spec.selector"))
        {
            yield return cause;
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < ports.Count; at++)
        {
            var (port, path) = (ports[at], $"spec.ports[{at}]");
            if (port.Text("name") is not { Length: > 0 } name)
            {
                if (ports.Count > 1)
                {
                    yield return Cause.Required($"{path}.name");
                }
            }
            else if (Names.LabelFault(name) is { } fault)
            {
                yield return Cause.Invalid($"{path}.name", name, fault);
            }
            else if (!names.Add(name))
            {
                yield return Cause.Duplicate($"{path}.name", name);
            }

            foreach (var cause in PodRules.Port(port["port"], $"{path}.port").Concat(PodRules.Port(port["targetPort"], $"{path}.targetPort")))
            {
                yield return cause;
            }
        }

        if (before.Text("spec", "clusterIP") is { Length: > 0 } address && spec.Text("clusterIP") != address && spec.Text("type") != "ExternalName")
        {
            yield return Cause.Invalid("spec.clusterIPs[0]", spec.At("clusterIP"), "may not change once set");
        }
    }

    private static IEnumerable<Cause> Binding(JsonObject json, JsonObject? before)
    {
        if (json.Text("roleRef", "kind") is { } kind and not ("Role" or "ClusterRole"))
        {
            yield return Cause.Unsupported("roleRef.kind", kind, ["ClusterRole", "Role"]);
        }

        if (before is not null && !KubeJson.Same(json["roleRef"], before["roleRef"]))
        {
            yield return Cause.Invalid("roleRef", json["roleRef"], "cannot change roleRef");
        }
    }

    private static IEnumerable<Cause> Autoscaler(JsonObject json)
    {
        var (least, most) = (json.Number("spec", "minReplicas") ?? 1, json.Number("spec", "maxReplicas"));
        if (least < 1)
        {
            yield return Cause.Invalid("spec.minReplicas", least, "must be greater than or equal to 1");
        }

        if (most < 1)
        {
            yield return Cause.Invalid("spec.maxReplicas", most, "must be greater than 0");
        }
        else if (most < least)
        {
            yield return Cause.Invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`");
        }

        var metrics = json.Objects("spec", "metrics").ToList();
        for (var at = 0; at < metrics.Count; at++)
        {
            var type = metrics[at].Text("type") ?? "";
            var source = type.Length == 0 ? "" : char.ToLowerInvariant(type[0]) + type[1..];
            var path = $"spec.metrics[{at}].{source}";
            if (source.Length > 0 && metrics[at].Map(source) is null)
            {
                yield return Cause.Required(path, "must populate information for the given metric source");
            }
            else if (metrics[at].Map(source, "target") is { } target && target["averageValue"] is null && target["value"] is null && target["averageUtilization"] is null)
            {
                yield return type == "Pods"
                    ? Cause.Required($"{path}.target.averageValue", "must specify a positive target averageValue")
                    : Cause.Required($"{path}.target.value", "must set either a target value or averageValue");
            }
        }
    }

    private static IEnumerable<Cause> Budget(JsonObject json)
    {
        if (json.At("spec", "minAvailable") is not null && json.At("spec", "maxUnavailable") is not null)
        {
            yield return Cause.Invalid("spec", json.At("spec"), "minAvailable and maxUnavailable cannot be both set");
        }
    }
}
