using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>Rules of claims, volumes and classes, after <c>pkg/apis/core/validation</c> and <c>pkg/apis/storage/validation</c> in https://github.com/kubernetes/kubernetes.</summary>
internal static class StorageRules
{
    /// <summary>Fields of a volume's specification that are not its source.</summary>
    private static readonly HashSet<string> AroundSource = new(StringComparer.Ordinal)
    {
        "accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy", "storageClassName", "volumeAttributesClassName", "volumeMode",
    };

    public static IEnumerable<Cause> Claim(JsonObject json, JsonObject? before)
    {
        if (json.At("spec", "resources", "requests", "storage") is not { } storage)
        {
            yield return Cause.Required("spec.resources[storage]");
        }
        else if (Quantity.ValueOf(storage) <= 0)
        {
            yield return Cause.Invalid("spec.resources[storage]", storage, "must be greater than zero");
        }

        if (before is null)
        {
            yield break;
        }

        var (old, now) = (before.Map("spec")!.Copy(), json.Map("spec")?.Copy() ?? []);
        if (string.IsNullOrEmpty(old.Text("volumeName")))
        {
            // The volume's name may be set once.
            old["volumeName"] = now["volumeName"]?.DeepClone();
            now["volumeName"] ??= null;
        }

        if (before.Text("status", "phase") == "Bound" && now.Map("resources", "requests") is { } requests)
        {
            requests["storage"] = old.At("resources", "requests", "storage")?.DeepClone();
        }

        if (!KubeJson.Same(old, now))
        {
            yield return Cause.Forbidden("spec", "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
        }

        if (Quantity.ValueOf(json.At("spec", "resources", "requests", "storage")) < Quantity.ValueOf(before.At("spec", "resources", "requests", "storage")))
        {
            yield return Cause.Forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
        }
    }

    public static IEnumerable<Cause> Volume(JsonObject json, JsonObject? before)
    {
        var spec = json.Map("spec") ?? [];
        var sources = Sources(spec).ToList();
        if (spec.At("capacity", "storage") is not { } capacity)
        {
            yield return Cause.Required("spec.capacity");
        }
        else if (Quantity.ValueOf(capacity) <= 0)
        {
            yield return Cause.Invalid("spec.capacity[storage]", capacity, "must be greater than zero");
        }

        if (sources.Count == 0)
        {
            yield return Cause.Required("spec", "must specify a volume type");
        }

        foreach (var source in sources.Skip(1))
        {
            yield return Cause.Forbidden($"spec.{source.Key}", "may not specify more than 1 volume type");
        }

        if (before?.Map("spec") is not { } old)
        {
            yield break;
        }

        if (!KubeJson.Same(new JsonObject(sources.Select(Clone)), new JsonObject(Sources(old).Select(Clone))))
        {
            yield return Cause.Forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation");
        }

        foreach (var name in new[] { "volumeMode", "nodeAffinity" })
        {
            if (old[name] is not null && !KubeJson.Same(old[name], spec[name]))
            {
                yield return Cause.Invalid(name, spec[name], "field is immutable");
            }
        }
    }

    public static IEnumerable<Cause> Class(JsonObject json, JsonObject? before)
    {
        if (before is null)
        {
            yield break;
        }

        foreach (var name in new[] { "parameters", "provisioner", "reclaimPolicy" })
        {
            if (!KubeJson.Same(json[name], before[name]))
            {
                yield return Cause.Forbidden(name, $"updates to {name} are forbidden.");
            }
        }

        if (json.Text("volumeBindingMode") != before.Text("volumeBindingMode"))
        {
            yield return Cause.Invalid("volumeBindingMode", json["volumeBindingMode"], "field is immutable");
        }
    }

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Sources(JsonObject spec) => spec.Where(pair => !AroundSource.Contains(pair.Key));

    private static KeyValuePair<string, JsonNode?> Clone(KeyValuePair<string, JsonNode?> pair) => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone());
}
