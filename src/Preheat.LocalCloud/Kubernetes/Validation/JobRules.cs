using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>Rules of a Job, after <c>pkg/apis/batch/validation</c> in https://github.com/kubernetes/kubernetes.</summary>
internal static class JobRules
{
    private static readonly string[] Counts = ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"];

    private static readonly string[] Fixed = ["completions", "selector", "template", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"];

    public static IEnumerable<Cause> Check(JsonObject json, JsonObject? before)
    {
        var spec = json.Map("spec") ?? [];
        foreach (var name in Counts.Where(name => spec.Number(name) < 0))
        {
            yield return Cause.Invalid($"spec.{name}", spec[name], "must be greater than or equal to 0");
        }

        if (spec.Text("completionMode") == "Indexed" && spec["completions"] is null)
        {
            yield return Cause.Required("spec.completions", "when completion mode is Indexed");
        }

        if (before is null && spec.Map("selector") is { } selector && !spec.Flag("manualSelector"))
        {
            yield return Cause.Invalid("spec.selector", selector, "`selector` not auto-generated");
        }

        foreach (var cause in Template(spec))
        {
            yield return cause;
        }

        if (before?.Map("spec") is { } old)
        {
            // A Job that waits may still change where its pods go.
            var mayMove = old.Flag("suspend") && before.At("status", "startTime") is null;
            foreach (var name in Fixed.Where(name => !KubeJson.Same(Still(spec, name, mayMove), Still(old, name, mayMove))))
            {
                yield return Cause.Invalid($"spec.{name}", spec[name], "field is immutable");
            }
        }
    }

    private static IEnumerable<Cause> Template(JsonObject spec)
    {
        if (spec.Map("template") is not { } template)
        {
            return [];
        }

        var causes = Names.Labels(template.Map("metadata", "labels"), "spec.template.labels").Concat(Names.Annotations(template.Map("metadata", "annotations"), "spec.template.annotations"))
            .Concat(PodRules.Check(template, "spec.template.spec", "spec.template.metadata"));
        return template.Text("spec", "restartPolicy") is not ("OnFailure" or "Never") and var policy
            ? causes.Append(policy is null or "" or "Always"
                ? Cause.Required("spec.template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\"")
                : Cause.Unsupported("spec.template.spec.restartPolicy", policy, ["OnFailure", "Never"]))
            : causes;
    }

    private static JsonNode? Still(JsonObject spec, string name, bool mayMove)
    {
        var value = spec[name]?.DeepClone();
        if (mayMove && name == "template" && value is JsonObject template)
        {
            template.Remove("metadata");
            foreach (var field in new[] { "nodeSelector", "affinity", "tolerations", "schedulingGates" })
            {
                template.Map("spec")?.Remove(field);
            }
        }

        return value;
    }
}
