using System.Globalization;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Limits;

/// <summary>
/// The admission plugin LimitRanger (https://kubernetes.io/docs/concepts/policy/limit-range/): what containers get that leave it open, and the bounds of
/// new pods and claims, in the words of <c>plugin/pkg/admission/limitranger</c> in https://github.com/kubernetes/kubernetes.
/// </summary>
internal static class LimitRanges
{
    private const string Annotation = "kubernetes.io/limit-ranger";

    /// <summary>Fills in the requests and limits of a new pod that a LimitRange has defaults for.</summary>
    public static void Default(ObjectStore store, string ns, JsonObject pod)
    {
        foreach (var range in store.List(ResourceKinds.LimitRange, ns))
        {
            var defaults = range.Json.Objects("spec", "limits").Where(item => item.Text("type") == "Container").ToList();
            var told = new List<string>();
            foreach (var (list, prefix) in new[] { ("containers", "container"), ("initContainers", "init container") })
            {
                foreach (var container in pod.Objects("spec", list))
                {
                    // Requests first, as they are told: a limit that the container says itself stands for its request.
                    Tell(told, Fill(container, "requests", defaults, "defaultRequest"), "request", prefix, container);
                    Tell(told, Fill(container, "limits", defaults, "default"), "limit", prefix, container);
                }
            }

            if (told.Count > 0)
            {
                pod.Ensure("metadata", "annotations")[Annotation] = "LimitRanger plugin set: " + string.Join("; ", told);
            }
        }
    }

    /// <summary>Refuses a new pod or claim outside the bounds of its namespace.</summary>
    /// <exception cref="ApiException">403.</exception>
    public static void Check(ObjectStore store, ObjectKey key, JsonObject json)
    {
        foreach (var range in store.List(ResourceKinds.LimitRange, key.Namespace))
        {
            var faults = range.Json.Objects("spec", "limits").SelectMany(item => (item.Text("type"), key.Kind.Kind) switch
            {
                ("Container", "Pod") => json.Objects("spec", "containers").Concat(json.Objects("spec", "initContainers"))
                    .SelectMany(container => Faults(item, container.Map("resources", "requests") ?? [], container.Map("resources", "limits") ?? [])),
                ("Pod", "Pod") => Faults(item, Sum(json, "requests"), Sum(json, "limits")),
                ("PersistentVolumeClaim", "PersistentVolumeClaim") => ClaimFaults(item, json.Map("spec", "resources", "requests") ?? []),
                _ => [],
            }).ToList();
            if (faults.Count > 0)
            {
                throw ApiException.Forbidden(key, faults.Count == 1 ? faults[0] : $"[{string.Join(", ", faults)}]");
            }
        }
    }

    /// <summary>Defaults of a range itself: a limit left out is the maximum, a request left out the limit, or else the minimum.</summary>
    public static void Complete(JsonObject range)
    {
        foreach (var item in range.Objects("spec", "limits").Where(item => item.Text("type") == "Container"))
        {
            Copy(item, "max", "default");
            Copy(item, "default", "defaultRequest");
            Copy(item, "min", "defaultRequest");
        }

        static void Copy(JsonObject item, string from, string to)
        {
            foreach (var (name, amount) in item.Map(from)?.ToList() ?? [])
            {
                if (item.At(to, name) is null)
                {
                    item.Ensure(to)[name] = amount?.DeepClone();
                }
            }
        }
    }

    private static List<string> Fill(JsonObject container, string map, List<JsonObject> ranges, string defaults)
    {
        var set = new List<string>();
        foreach (var (name, amount) in ranges.SelectMany(range => range.Map(defaults) ?? []))
        {
            var isOpen = container.At("resources", map, name) is null && container.At("resources", "limits", name) is null;
            if (isOpen)
            {
                container.Ensure("resources", map)[name] = amount?.DeepClone();
                set.Add(name);
            }
        }

        return set;
    }

    private static void Tell(List<string> told, List<string> set, string what, string prefix, JsonObject container)
    {
        if (set.Count > 0)
        {
            told.Add($"{string.Join(", ", set.Order(StringComparer.Ordinal))} {what} for {prefix} {container.Text("name")}");
        }
    }

    private static IEnumerable<string> Faults(JsonObject item, JsonObject requests, JsonObject limits)
    {
        var type = item.Text("type");
        foreach (var (name, bound) in Sorted(item.Map("min")))
        {
            var (request, limit, least) = (requests[name], limits[name], Quantity.ValueOf(bound));
            var what = $"minimum {name} usage per {type} is {bound}";
            if (request is null)
            {
                yield return $"{what}.  No request is specified";
            }
            else if (Quantity.ValueOf(request) < least)
            {
                yield return $"{what}, but request is {request}";
            }
            else if (limit is not null && Quantity.ValueOf(limit) < least)
            {
                yield return $"{what}, but limit is {limit}";
            }
        }

        foreach (var (name, bound) in Sorted(item.Map("max")))
        {
            var (request, limit, most) = (requests[name], limits[name], Quantity.ValueOf(bound));
            var what = $"maximum {name} usage per {type} is {bound}";
            if (limit is null)
            {
                yield return $"{what}.  No limit is specified";
            }
            else if (Quantity.ValueOf(limit) > most)
            {
                yield return $"{what}, but limit is {limit}";
            }
            else if (request is not null && Quantity.ValueOf(request) > most)
            {
                yield return $"{what}, but request is {request}";
            }
        }

        foreach (var (name, bound) in Sorted(item.Map("maxLimitRequestRatio")))
        {
            var (request, limit) = (Quantity.ValueOf(requests[name]), Quantity.ValueOf(limits[name]));
            var what = $"{name} max limit to request ratio per {type} is {bound}";
            if (request == 0)
            {
                yield return $"{what}, but no request is specified or request is 0";
            }
            else if (limit == 0)
            {
                yield return $"{what}, but no limit is specified or limit is 0";
            }
            else if (limit / request > Quantity.ValueOf(bound))
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"{what}, but provided ratio is {limit / request:0.000000}");
            }
        }
    }

    private static IEnumerable<string> ClaimFaults(JsonObject item, JsonObject requests)
    {
        foreach (var (name, bound) in Sorted(item.Map("min")).Where(pair => Quantity.ValueOf(requests[pair.Key]) < Quantity.ValueOf(pair.Value)))
        {
            yield return $"minimum {name} usage per PersistentVolumeClaim is {bound}, but request is {requests[name]}";
        }

        foreach (var (name, bound) in Sorted(item.Map("max")).Where(pair => Quantity.ValueOf(requests[pair.Key]) > Quantity.ValueOf(pair.Value)))
        {
            yield return $"maximum {name} usage per PersistentVolumeClaim is {bound}, but request is {requests[name]}";
        }
    }

    /// <summary>A pod's requests or limits: what every container has, added up, or that of an init container that has more.</summary>
    private static JsonObject Sum(JsonObject pod, string map)
    {
        var running = pod.Objects("spec", "containers").Select(container => container.Map("resources", map) ?? []).ToList();
        var sum = running.SelectMany(amounts => amounts.Select(pair => pair.Key)).Distinct().Where(name => running.TrueForAll(amounts => amounts[name] is not null))
            .ToDictionary(name => name, name => running.Sum(amounts => Quantity.ValueOf(amounts[name])), StringComparer.Ordinal);
        foreach (var (name, amount) in pod.Objects("spec", "initContainers").SelectMany(container => container.Map("resources", map) ?? []))
        {
            sum[name] = Math.Max(sum.GetValueOrDefault(name), Quantity.ValueOf(amount));
        }

        return new JsonObject(sum.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)Controllers.Quota.Show(pair.Key, pair.Value))));
    }

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Sorted(JsonObject? map) => (map ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal);
}
