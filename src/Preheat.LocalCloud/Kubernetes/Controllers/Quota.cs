using System.Globalization;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>
/// What a namespace may use by its ResourceQuotas (https://kubernetes.io/docs/concepts/policy/resource-quotas/): counts of objects, requests
/// and limits of pods, storage of claims. Quotas with scopes are not enforced.
/// </summary>
internal static class Quota
{
    private static readonly HashSet<string> Compute = new(StringComparer.Ordinal) { "cpu", "memory", "ephemeral-storage" };

    /// <summary>Refuses a new object that a quota has no room for.</summary>
    /// <exception cref="ApiException">403 in the words of the API server.</exception>
    public static void Check(ObjectStore store, ObjectKey key, JsonObject json)
    {
        foreach (var quota in store.List(ResourceKinds.ResourceQuota, key.Namespace).Where(IsEnforced))
        {
            var hard = Hard(quota);
            var asked = hard.Keys.Select(name => (Name: name, Amount: Usage(name, key.Kind, json))).Where(item => item.Amount > 0).ToList();
            if (key.Kind == ResourceKinds.Pod && Missing(hard.Keys, json) is { Count: > 0 } missing)
            {
                throw ApiException.Forbidden(key, $"failed quota: {quota.Name}: must specify {string.Join("; ", missing)}");
            }

            var used = asked.ToDictionary(item => item.Name, item => Used(store, key.Namespace, item.Name), StringComparer.Ordinal);
            var exceeded = asked.Where(item => used[item.Name] + item.Amount > hard[item.Name]).OrderBy(item => item.Name, StringComparer.Ordinal).ToList();
            if (exceeded.Count > 0)
            {
                throw ApiException.Forbidden(key, $"exceeded quota: {quota.Name}, requested: {Join(exceeded.Select(item => (item.Name, item.Amount)))}, "
                    + $"used: {Join(exceeded.Select(item => (item.Name, used[item.Name])))}, limited: {Join(exceeded.Select(item => (item.Name, hard[item.Name])))}");
            }
        }
    }

    public static bool IsEnforced(StoredObject quota) => quota.Json.Items("spec", "scopes") is not { Count: > 0 } && quota.Json.At("spec", "scopeSelector") is null;

    public static Dictionary<string, decimal> Hard(StoredObject quota) =>
        (quota.Json.Map("spec", "hard") ?? []).ToDictionary(pair => pair.Key, pair => Quantity.ValueOf(pair.Value), StringComparer.Ordinal);

    /// <summary>How much of a resource the namespace uses now.</summary>
    public static decimal Used(ObjectStore store, string ns, string resource) => store.InNamespace(ns).Sum(item => Usage(resource, item.Key.Kind, item.Json));

    /// <summary>An amount as a quantity.</summary>
    public static string Show(string resource, decimal amount) =>
        resource.EndsWith("memory", StringComparison.Ordinal) || resource.EndsWith("storage", StringComparison.Ordinal) ? Binary(amount)
        : amount == decimal.Truncate(amount) ? amount.ToString("0", CultureInfo.InvariantCulture)
        : (amount * 1000).ToString("0", CultureInfo.InvariantCulture) + "m";

    private static string Binary(decimal bytes)
    {
        string[] units = ["", "Ki", "Mi", "Gi", "Ti"];
        var unit = 0;
        for (; unit < units.Length - 1 && bytes != 0 && bytes % 1024 == 0; unit++)
        {
            bytes /= 1024;
        }

        return decimal.Ceiling(bytes).ToString("0", CultureInfo.InvariantCulture) + units[unit];
    }

    private static string Join(IEnumerable<(string Name, decimal Amount)> items) => string.Join(',', items.Select(item => $"{item.Name}={Show(item.Name, item.Amount)}"));

    /// <summary>What one object takes of a resource; 0 when it takes none.</summary>
    private static decimal Usage(string resource, ResourceKind kind, JsonObject json)
    {
        if (kind == ResourceKinds.Pod && json.Text("status", "phase") is "Succeeded" or "Failed")
        {
            return resource == "count/pods" ? 1 : 0;
        }

        if (resource == $"count/{kind.QualifiedPlural}" || (resource == kind.Plural && kind.Group.Length == 0))
        {
            return 1;
        }

        return kind.Kind switch
        {
            "Pod" when Source(resource) is var (map, name) => PodAmount(json, map, name),
            "PersistentVolumeClaim" when resource == "requests.storage" => Quantity.ValueOf(json.At("spec", "resources", "requests", "storage")),
            "Service" when resource == $"services.{json.Text("spec", "type")?.ToLowerInvariant()}s" => 1,
            _ => 0,
        };
    }

    /// <summary>Where a pod's amount stands: <c>requests.cpu</c> and <c>cpu</c> are requests. Null for what is no resource of a container.</summary>
    private static (string Map, string Name)? Source(string resource) =>
        resource == "requests.storage" ? null
        : resource.StartsWith("requests.", StringComparison.Ordinal) ? ("requests", resource["requests.".Length..])
        : resource.StartsWith("limits.", StringComparison.Ordinal) ? ("limits", resource["limits.".Length..])
        : Compute.Contains(resource) ? ("requests", resource) : null;

    private static decimal PodAmount(JsonObject pod, string map, string name)
    {
        decimal Of(JsonObject container) => Quantity.ValueOf(container.At("resources", map, name));
        return Math.Max(pod.Objects("spec", "containers").Sum(Of), pod.Objects("spec", "initContainers").Select(Of).DefaultIfEmpty(0).Max());
    }

    /// <summary>Compute resources under a quota that containers leave open: then nobody could say what the pod uses.</summary>
    private static List<string> Missing(IEnumerable<string> resources, JsonObject pod)
    {
        var missing = new List<string>();
        foreach (var resource in resources.Order(StringComparer.Ordinal))
        {
            if (Source(resource) is not var (map, name) || !Compute.Contains(name))
            {
                continue;
            }

            var open = pod.Objects("spec", "initContainers").Concat(pod.Objects("spec", "containers")).Where(container => container.At("resources", map, name) is null).Select(container => container.Text("name")).ToList();
            if (open.Count > 0)
            {
                missing.Add($"{resource} for: {string.Join(',', open)}");
            }
        }

        return missing;
    }
}
