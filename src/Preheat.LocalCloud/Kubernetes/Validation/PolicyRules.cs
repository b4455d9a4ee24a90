using System.Net;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>
/// Rules of NetworkPolicies, ResourceQuotas and PriorityClasses, after the validation packages of <c>networking</c>, <c>core</c> and <c>scheduling</c> in
/// https://github.com/kubernetes/kubernetes.
/// </summary>
internal static class PolicyRules
{
    private const long HighestPriority = 1_000_000_000;

    /// <summary>Resources without a domain that a quota may count.</summary>
    private static readonly HashSet<string> Quotable = new(StringComparer.Ordinal)
    {
        "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage", "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage",
        "persistentvolumeclaims", "configmaps", "pods", "resourcequotas", "replicationcontrollers", "services", "secrets", "services.loadbalancers", "services.nodeports",
    };

    public static IEnumerable<Cause> Network(JsonObject json)
    {
        if (json.Items("spec", "policyTypes") is { Count: > 2 } types)
        {
            yield return Cause.Invalid("spec.policyTypes", types, "may not specify more than two policyTypes");
        }

        foreach (var (rules, peers) in new[] { ("ingress", "from"), ("egress", "to") })
        {
            var at = 0;
            foreach (var rule in json.Objects("spec", rules))
            {
                var path = $"spec.{rules}[{at++}]";
                foreach (var cause in rule.Objects("ports").SelectMany((port, i) => PodRules.Port(port["port"], $"{path}.ports[{i}].port"))
                    .Concat(rule.Objects(peers).SelectMany((peer, i) => Peer(peer, $"{path}.{peers}[{i}]"))))
                {
                    yield return cause;
                }
            }
        }
    }

    public static IEnumerable<Cause> Quota(JsonObject json, JsonObject? before)
    {
        foreach (var (name, amount) in json.Map("spec", "hard") ?? [])
        {
            var path = $"spec.hard[{name}]";
            if (Names.KeyFault(name) is { } fault)
            {
                yield return Cause.Invalid(path, name, fault);
            }
            else if (!name.Contains('/', StringComparison.Ordinal) && !Quotable.Contains(name))
            {
                yield return Cause.Invalid(path, name, "must be a standard resource for quota");
            }

            if (Quantity.ValueOf(amount) < 0)
            {
                yield return Cause.Invalid(path, amount, "must be greater than or equal to 0");
            }
        }

        if (before is not null && !json.Texts("spec", "scopes").ToHashSet(StringComparer.Ordinal).SetEquals(before.Texts("spec", "scopes")))
        {
            yield return Cause.Invalid("spec.scopes", json.Items("spec", "scopes") ?? [], "field is immutable");
        }
    }

    public static IEnumerable<Cause> Priority(JsonObject json, JsonObject? before)
    {
        if (json.Text("metadata", "name")?.StartsWith("system-", StringComparison.Ordinal) == true)
        {
            yield return Cause.Forbidden("metadata.name", "priority class names with 'system-' prefix are reserved for system use only");
        }
        else if (json.Number("value") > HighestPriority)
        {
            yield return Cause.Forbidden("value", $"maximum allowed value of a user defined priority is {HighestPriority}");
        }

        if (before is not null && json.Number("value") != before.Number("value"))
        {
            yield return Cause.Forbidden("value", "may not be changed in an update.");
        }

        if (before is not null && json.Text("preemptionPolicy") != before.Text("preemptionPolicy"))
        {
            yield return Cause.Invalid("preemptionPolicy", json["preemptionPolicy"], "field is immutable");
        }
    }

    private static IEnumerable<Cause> Peer(JsonObject peer, string path)
    {
        var count = new[] { "podSelector", "namespaceSelector", "ipBlock" }.Count(name => peer.Map(name) is not null);
        if (count == 0)
        {
            yield return Cause.Required(path, "must specify a peer");
        }

        if (peer.Map("ipBlock") is not { } block)
        {
            yield break;
        }

        if (count > 1)
        {
            yield return Cause.Forbidden(path, "may not specify both ipBlock and another peer");
        }

        // Other than .NET's own reading, host bits may be set.
        if (!TryNetwork(block.Text("cidr"), out var network))
        {
            yield return Cause.Invalid($"{path}.ipBlock.cidr", block.Text("cidr"), "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
            yield break;
        }

        foreach (var (text, i) in block.Texts("except").Select((text, i) => (text, i)))
        {
            if (!TryNetwork(text, out var hole))
            {
                yield return Cause.Invalid($"{path}.ipBlock.except[{i}]", text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
            }
            else if (!network.Contains(hole.BaseAddress) || network.PrefixLength >= hole.PrefixLength)
            {
                yield return Cause.Invalid($"{path}.ipBlock.except[{i}]", text, "must be a strict subset of `cidr`");
            }
        }
    }

    private static bool TryNetwork(string? text, out IPNetwork network)
    {
        network = default;
        if (text?.Split('/') is not [var address, var length] || !IPAddress.TryParse(address, out var parsed) || !int.TryParse(length, System.Globalization.CultureInfo.InvariantCulture, out var bits))
        {
            return false;
        }

        var bytes = parsed.GetAddressBytes();
        if (bits < 0 || bits > bytes.Length * 8)
        {
            return false;
        }

        for (var bit = bits; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        network = new IPNetwork(new IPAddress(bytes), bits);
        return true;
    }
}
