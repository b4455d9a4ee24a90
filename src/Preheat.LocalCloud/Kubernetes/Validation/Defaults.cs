using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Limits;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>Values that the API server fills in for fields left out.</summary>
internal static partial class Defaults
{
    public static void Apply(ResourceKind kind, JsonObject json)
    {
        json["apiVersion"] = kind.ApiVersion;
        json["kind"] = kind.Kind;
        if (kind.Defined is { } version)
        {
            StructuralDefaults.Apply(version.Document, json);
        }
        else if (kind == ResourceKinds.CustomResourceDefinition)
        {
            Definition(json.Ensure("spec"));
        }
        else if (kind == ResourceKinds.Deployment)
        {
            Deployment(json.Ensure("spec"));
        }
        else if (kind == ResourceKinds.ReplicaSet)
        {
            Set(json.Ensure("spec"), "replicas", 1);
            Template(json.Map("spec", "template"));
        }
        else if (kind == ResourceKinds.Pod)
        {
            PodSpec(json.Ensure("spec"));
            Requests(json.Ensure("spec"));
            NodeTaints.Tolerate(json.Ensure("spec"));
            if (json.Map("status") is null)
            {
                json["status"] = new JsonObject { ["phase"] = "Pending", ["qosClass"] = QosClass(json) };
            }
        }
        else if (kind == ResourceKinds.Service)
        {
            Service(json);
        }
        else if (kind == ResourceKinds.Secret)
        {
            Secret(json);
        }
        else if (kind == ResourceKinds.Namespace)
        {
            json.Metadata().Ensure("labels")["kubernetes.io/metadata.name"] = json.Text("metadata", "name");
            Set(json.Ensure("spec"), "finalizers", KubeJson.ToArray(["kubernetes"]));
            if (json.Map("status") is null)
            {
                json["status"] = new JsonObject { ["phase"] = "Active" };
            }
        }
        else if (kind == ResourceKinds.HorizontalPodAutoscaler)
        {
            Set(json.Ensure("spec"), "minReplicas", 1);
            if (json.Items("spec", "metrics") is not { Count: > 0 })
            {
                var target = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = 80 };
                json.Ensure("spec")["metrics"] = new JsonArray(new JsonObject { ["type"] = "Resource", ["resource"] = new JsonObject { ["name"] = "cpu", ["target"] = target } });
            }
        }
        else if (kind == ResourceKinds.RoleBinding || kind == ResourceKinds.ClusterRoleBinding)
        {
            Set(json.Ensure("roleRef"), "apiGroup", kind.Group);
            foreach (var subject in json.Objects("subjects"))
            {
                Set(subject, "apiGroup", subject.Text("kind") == "ServiceAccount" ? "" : kind.Group);
            }
        }
        else if (kind == ResourceKinds.PersistentVolume)
        {
            Volume(json);
        }
        else if (kind == ResourceKinds.Job)
        {
            Job(json.Ensure("spec"));
        }
        else if (kind == ResourceKinds.NetworkPolicy)
        {
            Network(json.Ensure("spec"));
        }
        else if (kind == ResourceKinds.PriorityClass)
        {
            Set(json, "preemptionPolicy", "PreemptLowerPriority");
        }
        else if (kind == ResourceKinds.LimitRange)
        {
            LimitRanges.Complete(json);
        }
        else if (kind == ResourceKinds.StorageClass)
        {
            Set(json, "reclaimPolicy", "Delete");
            Set(json, "volumeBindingMode", "Immediate");
        }
        else if (kind == ResourceKinds.PersistentVolumeClaim)
        {
            Set(json.Ensure("spec"), "volumeMode", "Filesystem");
            if (json.Map("status") is null)
            {
                json["status"] = new JsonObject { ["phase"] = "Pending" };
            }
        }
    }

    private static void Definition(JsonObject spec)
    {
        if (spec.Map("names") is { } names && names.Text("kind") is { Length: > 0 } kind)
        {
            Set(names, "singular", kind.ToLowerInvariant());
            Set(names, "listKind", $"{kind}List");
        }

        Set(spec, "conversion", new JsonObject { ["strategy"] = "None" });
    }

    private static void Deployment(JsonObject spec)
    {
        Set(spec, "replicas", 1);
        Set(spec, "revisionHistoryLimit", 10);
        Set(spec, "progressDeadlineSeconds", 600);
        var strategy = spec.Ensure("strategy");
        Set(strategy, "type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Ensure("rollingUpdate");
            Set(rolling, "maxUnavailable", "25%");
            Set(rolling, "maxSurge", "25%");
        }

        Template(spec.Map("template"));
    }

    private static void Template(JsonObject? template)
    {
        if (template?.Map("spec") is { } spec)
        {
            PodSpec(spec);
        }
    }

    private static void PodSpec(JsonObject spec)
    {
        Set(spec, "restartPolicy", "Always");
        Set(spec, "terminationGracePeriodSeconds", 30);
        Set(spec, "dnsPolicy", "ClusterFirst");
        Set(spec, "securityContext", new JsonObject());
        Set(spec, "schedulerName", "default-scheduler");
        foreach (var container in spec.Objects("containers").Concat(spec.Objects("initContainers")))
        {
            Set(container, "terminationMessagePath", "/dev/termination-log");
            Set(container, "terminationMessagePolicy", "File");
            Set(container, "imagePullPolicy", PullPolicy(container.Text("image") ?? ""));
            Set(container, "resources", new JsonObject());
            foreach (var port in container.Objects("ports"))
            {
                Set(port, "protocol", "TCP");
            }

            foreach (var reference in container.Objects("env").Select(env => env.Map("valueFrom", "fieldRef")).OfType<JsonObject>())
            {
                Set(reference, "apiVersion", "v1");
            }

            foreach (var probe in new[] { "startupProbe", "readinessProbe", "livenessProbe" }.Select(name => container.Map(name)).OfType<JsonObject>())
            {
                Set(probe, "timeoutSeconds", 1);
                Set(probe, "periodSeconds", 10);
                Set(probe, "successThreshold", 1);
                Set(probe, "failureThreshold", 3);
                if (probe.Map("httpGet") is { } get)
                {
                    Set(get, "path", "/");
                    Set(get, "scheme", "HTTP");
                }
            }
        }

        foreach (var volume in spec.Objects("volumes"))
        {
            if (volume.Count == 1)
            {
                volume["emptyDir"] = new JsonObject();
            }

            foreach (var source in new[] { "secret", "configMap" }.Select(name => volume.Map(name)).OfType<JsonObject>())
            {
                Set(source, "defaultMode", 420);
            }
        }
    }

    // A request left out equals the limit: in a pod, not yet in the template of one.
    private static void Requests(JsonObject spec)
    {
        foreach (var container in spec.Objects("containers").Concat(spec.Objects("initContainers")))
        {
            foreach (var (name, limit) in container.Map("resources", "limits")?.ToList() ?? [])
            {
                Set(container.Ensure("resources", "requests"), name, limit!.DeepClone());
            }
        }
    }

    private static string PullPolicy(string image)
    {
        if (image.Contains('@', StringComparison.Ordinal))
        {
            return "IfNotPresent";
        }

        var name = image[(image.LastIndexOf('/') + 1)..];
        return !name.Contains(':', StringComparison.Ordinal) || name.EndsWith(":latest", StringComparison.Ordinal) ? "Always" : "IfNotPresent";
    }

    private static string QosClass(JsonObject pod)
    {
        var resources = pod.Objects("spec", "containers").Select(container => container.Map("resources")).ToList();
        return resources.TrueForAll(item => item.Map("requests") is null && item.Map("limits") is null) ? "BestEffort"
            : resources.TrueForAll(item => Equal(item, "cpu") && Equal(item, "memory")) ? "Guaranteed" : "Burstable";

        static bool Equal(JsonObject? item, string name) =>
            item.At("limits", name) is { } limit && Quantity.ValueOf(limit) == Quantity.ValueOf(item.At("requests", name));
    }

    private static void Service(JsonObject json)
    {
        var spec = json.Ensure("spec");
        Set(spec, "type", "ClusterIP");
        Set(spec, "sessionAffinity", "None");
        Set(spec, "internalTrafficPolicy", "Cluster");
        Set(spec, "ipFamilies", KubeJson.ToArray(["IPv4"]));
        Set(spec, "ipFamilyPolicy", "SingleStack");
        if (spec.Text("type") is "LoadBalancer")
        {
            Set(spec, "allocateLoadBalancerNodePorts", true);
            Set(spec, "externalTrafficPolicy", "Cluster");
        }

        if (spec.Text("type") is not "ExternalName" && string.IsNullOrEmpty(spec.Text("clusterIP")))
        {
            // Addresses here are names only: nothing listens on them. A hash of the name keeps them stable and apart.
            var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{json.Text("metadata", "namespace")}/{json.Text("metadata", "name")}"));
            spec["clusterIP"] = $"10.96.{hash[0]}.{Math.Clamp((int)hash[1], 1, 254)}";
        }

        if (spec.Text("clusterIP") is { } address)
        {
            Set(spec, "clusterIPs", KubeJson.ToArray([address]));
        }

        foreach (var port in spec.Objects("ports"))
        {
            Set(port, "protocol", "TCP");
            if (port["port"] is { } number)
            {
                Set(port, "targetPort", number.DeepClone());
            }
        }

        if (json.Map("status") is null)
        {
            json["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };
        }
    }

    private static void Secret(JsonObject json)
    {
        Set(json, "type", "Opaque");
        foreach (var (name, text) in json.StringMap("stringData"))
        {
            json.Ensure("data")[name] = Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        }

        json.Remove("stringData");
    }

    private static void Set(JsonObject o, string name, JsonNode value)
    {
        if (o[name] is null)
        {
            o[name] = value;
        }
    }
}
