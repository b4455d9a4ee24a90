using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>Rules of a LimitRange, after <c>ValidateLimitRange</c> in <c>pkg/apis/core/validation</c> of https://github.com/kubernetes/kubernetes.</summary>
internal static class LimitRangeRules
{
    public static IEnumerable<Cause> Check(JsonObject json)
    {
        var (at, types) = (0, new HashSet<string>(StringComparer.Ordinal));
        foreach (var item in json.Objects("spec", "limits"))
        {
            var (path, type) = ($"spec.limits[{at++}]", item.Text("type") ?? "");
            if (!types.Add(type))
            {
                yield return Cause.Duplicate($"{path}.type", type);
            }

            foreach (var name in type == "Pod" ? ["default", "defaultRequest"] : Array.Empty<string>())
            {
                if (item.Map(name) is { Count: > 0 })
                {
                    yield return Cause.Forbidden($"{path}.{name}", "may not be specified when `type` is 'Pod'");
                }
            }

            if (type == "PersistentVolumeClaim" && item.At("min", "storage") is null && item.At("max", "storage") is null)
            {
                yield return Cause.Required($"{path}.limits", "either minimum or maximum storage value is required, but neither was provided");
            }

            foreach (var cause in Order(item, path))
            {
                yield return cause;
            }
        }
    }

    private static IEnumerable<Cause> Order(JsonObject item, string path)
    {
        foreach (var name in new[] { "max", "min", "default", "defaultRequest" }.SelectMany(map => (item.Map(map) ?? []).Select(pair => pair.Key)).Distinct().Order(StringComparer.Ordinal))
        {
            foreach (var (low, high, at, text) in new[]
            {
                ("min", "max", "min", "min value {0} is greater than max value {1}"),
                ("min", "defaultRequest", "defaultRequest", "min value {0} is greater than default request value {1}"),
                ("defaultRequest", "max", "defaultRequest", "default request value {0} is greater than max value {1}"),
                ("defaultRequest", "default", "defaultRequest", "default request value {0} is greater than default limit value {1}"),
                ("min", "default", "default", "min value {0} is greater than default value {1}"),
                ("default", "max", "default", "default value {0} is greater than max value {1}"),
            })
            {
                if (item.At(low, name) is { } less && item.At(high, name) is { } more && Quantity.ValueOf(less) > Quantity.ValueOf(more))
                {
                    yield return Cause.Invalid($"{path}.{at}[{name}]", item.At(at, name), string.Format(System.Globalization.CultureInfo.InvariantCulture, text, less, more));
                }
            }
        }
    }
}
