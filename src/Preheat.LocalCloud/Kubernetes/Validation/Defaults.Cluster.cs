using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>Defaults of Jobs, volumes and network policies.</summary>
internal static partial class Defaults
{
    private static void Job(JsonObject spec)
    {
        if (spec["completions"] is null && spec["parallelism"] is null)
        {
            spec["completions"] = 1;
        }

        Set(spec, "parallelism", 1);
        Set(spec, "backoffLimit", 6);
        Set(spec, "completionMode", "NonIndexed");
        Set(spec, "suspend", false);
        Set(spec, "podReplacementPolicy", spec["podFailurePolicy"] is null ? "TerminatingOrFailed" : "Failed");
        Template(spec.Map("template"));
    }

    private static void Network(JsonObject spec)
    {
        Set(spec, "policyTypes", KubeJson.ToArray(spec.Items("egress") is { Count: > 0 } ? ["Ingress", "Egress"] : ["Ingress"]));
        foreach (var port in spec.Objects("ingress").Concat(spec.Objects("egress")).SelectMany(rule => rule.Objects("ports")))
        {
            Set(port, "protocol", "TCP");
        }
    }

    private static void Volume(JsonObject json)
    {
        var spec = json.Ensure("spec");
        Set(spec, "persistentVolumeReclaimPolicy", "Retain");
        Set(spec, "volumeMode", "Filesystem");
        if (spec.Map("claimRef") is { } claim)
        {
            Set(claim, "apiVersion", "v1");
            Set(claim, "kind", "PersistentVolumeClaim");
        }

        if (json.Map("status") is null)
        {
            json["status"] = new JsonObject { ["phase"] = "Pending" };
        }
    }
}
