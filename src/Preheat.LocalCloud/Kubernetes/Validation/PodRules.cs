using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>Rules of a pod's spec, for pods and templates.</summary>
internal static class PodRules
{
    /// <summary>Resource whose request must equal its limit.</summary>
    public const string Gpu = "nvidia.com/gpu";

    /// <param name="holder">The pod or template.</param>
    /// <param name="path">Path of its spec, for the messages.</param>
    /// <param name="metadata">Path of its metadata.</param>
    public static IEnumerable<Cause> Check(JsonObject holder, string path, string metadata)
    {
        if (holder.Map("spec") is not { } spec)
        {
            yield break;
        }

        foreach (var cause in Names.Labels(holder.Map("metadata", "labels"), $"{metadata}.labels").Concat(Names.Labels(spec.Map("nodeSelector"), $"{path}.nodeSelector")))
        {
            yield return cause;
        }

        if (spec.Number("terminationGracePeriodSeconds") is < 0 and var grace)
        {
            yield return Cause.Invalid($"{path}.terminationGracePeriodSeconds", grace, "must be greater than or equal to 0");
        }

        var volumes = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (volume, at) in spec.Objects("volumes").Select((volume, at) => (volume, at)))
        {
            var name = volume.Text("name") ?? "";
            volumes.Add(name);
            if (name.Length > 0 && Names.LabelFault(name) is { } fault)
            {
                yield return Cause.Invalid($"{path}.volumes[{at}].name", name, fault);
            }

            if (volume.Count > 2)
            {
                yield return Cause.Forbidden($"{path}.volumes[{at}]", "may not specify more than 1 volume type");
            }
        }

        foreach (var list in new[] { "containers", "initContainers" })
        {
            foreach (var (container, at) in spec.Objects(list).Select((container, at) => (container, at)))
            {
                foreach (var cause in Container(container, $"{path}.{list}[{at}]", volumes))
                {
                    yield return cause;
                }
            }
        }
    }

    /// <summary>A port number is 1 to 65535; a port name is at most 15 lower-case characters with a letter.</summary>
    public static IEnumerable<Cause> Port(JsonNode? port, string path)
    {
        if (port.Number() is < 1 or > 65535)
        {
            yield return Cause.Invalid(path, port, "must be between 1 and 65535, inclusive");
        }
        else if (port.Text() is { } name && PortNameFault(name) is { } fault)
        {
            yield return Cause.Invalid(path, name, fault);
        }
    }

    private static string? PortNameFault(string name) =>
        name.Length > 15 ? "must be no more than 15 characters"
            : !name.Any(char.IsAsciiLetterLower) ? "must contain at least one letter (a-z)"
            : Names.LabelFault(name) is not null ? "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)" : null;

    private static IEnumerable<Cause> Container(JsonObject container, string path, HashSet<string> volumes)
    {
        if (container.Text("name") is { Length: > 0 } name && Names.LabelFault(name) is { } fault)
        {
            yield return Cause.Invalid($"{path}.name", name, fault);
        }

        if (string.IsNullOrEmpty(container.Text("image")))
        {
            yield return Cause.Required($"{path}.image");
        }
        else if (container.Text("image")!.Any(char.IsWhiteSpace))
        {
            yield return Cause.Invalid($"{path}.image", container.Text("image"), "must not have leading or trailing whitespace");
        }

        foreach (var (port, at) in container.Objects("ports").Select((port, at) => (port, at)))
        {
            foreach (var cause in Port(port["containerPort"], $"{path}.ports[{at}].containerPort").Concat(Port(port["name"], $"{path}.ports[{at}].name")))
            {
                yield return cause;
            }
        }

        foreach (var (variable, at) in container.Objects("env").Select((variable, at) => (variable, at)))
        {
            foreach (var cause in Variable(variable, $"{path}.env[{at}]"))
            {
                yield return cause;
            }
        }

        foreach (var (mount, at) in container.Objects("volumeMounts").Select((mount, at) => (mount, at)))
        {
            if (mount.Text("name") is { Length: > 0 } volume && !volumes.Contains(volume))
            {
                yield return Cause.NotFound($"{path}.volumeMounts[{at}].name", volume);
            }
        }

        foreach (var cause in Resources(container.Map("resources"), $"{path}.resources"))
        {
            yield return cause;
        }

        foreach (var kind in new[] { "startupProbe", "livenessProbe", "readinessProbe" })
        {
            if (container.Map(kind) is { } probe)
            {
                foreach (var cause in Probe(probe, kind, $"{path}.{kind}"))
                {
                    yield return cause;
                }
            }
        }
    }

    private static IEnumerable<Cause> Variable(JsonObject variable, string path)
    {
        var name = variable.Text("name") ?? "";
        if (name.Contains('=', StringComparison.Ordinal) || name.Any(char.IsControl))
        {
            yield return Cause.Invalid($"{path}.name", name, "a valid environment variable name must consist only of printable ASCII characters other than '='");
        }

        if (variable.Map("valueFrom") is { } from)
        {
            if (variable.Text("value") is { Length: > 0 })
            {
                yield return Cause.Invalid($"{path}.valueFrom", from, "may not be specified when `value` is not empty");
            }

            if (from.Count != 1)
            {
                yield return Cause.Invalid($"{path}.valueFrom", from, from.Count == 0 ? "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`" : "may not have more than one field specified at a time");
            }
        }
    }

    private static IEnumerable<Cause> Resources(JsonObject? resources, string path)
    {
        foreach (var (name, request) in resources.Map("requests")?.ToList() ?? [])
        {
            var limit = resources.At("limits", name);
            if (Quantity.ValueOf(request) < 0)
            {
                yield return Cause.Invalid($"{path}.requests[{name}]", request, "must be greater than or equal to 0");
            }
            else if (limit is null && IsExtended(name))
            {
                yield return Cause.Required($"{path}.limits", "Limit must be set for non overcommitable resources");
            }
            else if (limit is not null && IsExtended(name) && Quantity.ValueOf(limit) != Quantity.ValueOf(request))
            {
                yield return Cause.Invalid($"{path}.requests", request, $"must be equal to {name} limit of {limit.Text() ?? limit.ToJsonString()}");
            }
            else if (limit is not null && Quantity.ValueOf(limit) < Quantity.ValueOf(request))
            {
                yield return Cause.Invalid($"{path}.requests", request, $"must be less than or equal to {name} limit of {limit.Text() ?? limit.ToJsonString()}");
            }
        }

        foreach (var (part, name, amount) in new[] { "limits", "requests" }.SelectMany(part => (resources.Map(part)?.ToList() ?? []).Select(entry => (part, entry.Key, entry.Value))))
        {
            if (!IsExtended(name) && name is not ("cpu" or "memory" or "ephemeral-storage") && !name.StartsWith("hugepages-", StringComparison.Ordinal))
            {
                yield return Cause.Invalid($"{path}.{part}[{name}]", name, "must be a standard resource for containers");
            }
            else if (IsExtended(name) && Quantity.ValueOf(amount) % 1 != 0)
            {
                yield return Cause.Invalid($"{path}.{part}[{name}]", amount, "must be an integer");
            }
        }
    }

    private static bool IsExtended(string resource) => resource.Contains('/', StringComparison.Ordinal);

    private static IEnumerable<Cause> Probe(JsonObject probe, string kind, string path)
    {
        if (probe.Map("exec") is not null || probe.Map("grpc") is not null)
        {
            yield return Cause.Forbidden(path, "this embedded cluster runs httpGet and tcpSocket probes only");
        }
        else if (probe.Map("httpGet") is null && probe.Map("tcpSocket") is null)
        {
            yield return Cause.Required(path, "must specify a handler type");
        }

        foreach (var action in new[] { "httpGet", "tcpSocket" })
        {
            foreach (var cause in Port(probe.At(action, "port"), $"{path}.{action}.port"))
            {
                yield return cause;
            }
        }

        foreach (var name in new[] { "initialDelaySeconds", "periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold" })
        {
            if (probe.Number(name) is < 0 and var value)
            {
                yield return Cause.Invalid($"{path}.{name}", value, "must be greater than or equal to 0");
            }
        }

        if (kind != "readinessProbe" && probe.Number("successThreshold") is > 1 and var threshold)
        {
            yield return Cause.Invalid($"{path}.successThreshold", threshold, "must be 1");
        }
    }
}
