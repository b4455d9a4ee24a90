using System.Text;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;
using Preheat.LocalCloud.Registry;

namespace Preheat.LocalCloud.Pods;

/// <summary>A container's environment and command line.</summary>
internal sealed record ContainerCommand(IReadOnlyList<string> Argv, IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>
    /// Resolves them after Kubernetes' rules: image ENV, then service links, <c>envFrom</c> and <c>env</c>; <c>command</c> replaces ENTRYPOINT
    /// and CMD, <c>args</c> replaces CMD. Throws <c>CreateContainerConfigError</c> when a Secret, ConfigMap or key is missing.
    /// </summary>
    public static ContainerCommand Resolve(ObjectStore store, StoredObject pod, JsonObject container, ImageConfig image)
    {
        var own = new EnvironmentReader(store, pod, container).Read();
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in image.Env)
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at > 0)
            {
                environment[pair[..at]] = pair[(at + 1)..];
            }
        }

        foreach (var (name, value) in own)
        {
            environment[name] = value;
        }

        environment.TryAdd("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        environment["HOSTNAME"] = pod.Name;
        var command = container.Texts("command").Select(word => VariableExpansion.Expand(word, own)).ToList();
        var args = container.Texts("args").Select(word => VariableExpansion.Expand(word, own)).ToList();
        List<string> argv = command.Count > 0 ? [.. command, .. args] : args.Count > 0 ? [.. image.Entrypoint, .. args] : [.. image.Entrypoint, .. image.Cmd];
        return argv.Count > 0 ? new ContainerCommand(ShellCommand.Unwrap(argv, environment) ?? argv, environment)
            : throw new ContainerFault("CreateContainerError", "no command specified");
    }

    private sealed class EnvironmentReader(ObjectStore store, StoredObject pod, JsonObject container)
    {
        private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);

        public Dictionary<string, string> Read()
        {
            if (pod.Json.At("spec", "enableServiceLinks") is null || pod.Json.Flag("spec", "enableServiceLinks"))
            {
                ServiceLinks();
            }

            foreach (var source in container.Objects("envFrom"))
            {
                var (kind, reference) = source.Map("secretRef") is { } secret ? (ResourceKinds.Secret, secret) : (ResourceKinds.ConfigMap, source.Map("configMapRef") ?? []);
                foreach (var (name, value) in Data(kind, reference.Text("name") ?? "", reference.Flag("optional")) ?? [])
                {
                    _variables[(source.Text("prefix") ?? "") + name] = value;
                }
            }

            foreach (var variable in container.Objects("env"))
            {
                var value = variable.Map("valueFrom") is { } from ? From(from) : VariableExpansion.Expand(variable.Text("value") ?? "", _variables);
                if (value is not null)
                {
                    _variables[variable.Text("name") ?? ""] = value;
                }
            }

            return _variables;
        }

        /// <summary>
        /// <c>NAME_SERVICE_HOST</c>, <c>NAME_PORT=tcp://…</c> and the rest: they are there unless <c>enableServiceLinks</c> is false, also where
        /// they hurt (a service named <c>vllm</c> sets <c>VLLM_PORT</c>).
        /// </summary>
        private void ServiceLinks()
        {
            foreach (var service in store.List(ResourceKinds.Service, pod.Namespace))
            {
                var prefix = service.Name.ToUpperInvariant().Replace('-', '_');
                if (service.Json.Text("spec", "clusterIP") is not { Length: > 0 } ip || ip == "None" || service.Json.Objects("spec", "ports").FirstOrDefault() is not { } first)
                {
                    continue;
                }

                _variables[$"{prefix}_SERVICE_HOST"] = ip;
                _variables[$"{prefix}_SERVICE_PORT"] = $"{first.Number("port")}";
                _variables[$"{prefix}_PORT"] = $"tcp://{ip}:{first.Number("port")}";
                foreach (var port in service.Json.Objects("spec", "ports"))
                {
                    var (number, protocol) = (port.Number("port"), port.Text("protocol") ?? "TCP");
                    var stem = $"{prefix}_PORT_{number}_{protocol}";
                    _variables[stem] = $"{protocol.ToLowerInvariant()}://{ip}:{number}";
                    _variables[$"{stem}_PROTO"] = protocol.ToLowerInvariant();
                    _variables[$"{stem}_PORT"] = $"{number}";
                    _variables[$"{stem}_ADDR"] = ip;
                    if (port.Text("name") is { Length: > 0 } name)
                    {
                        _variables[$"{prefix}_SERVICE_PORT_{name.ToUpperInvariant().Replace('-', '_')}"] = $"{number}";
                    }
                }
            }
        }

        private string? From(JsonObject from)
        {
            if (from.Map("secretKeyRef") is { } secret)
            {
                return Key(ResourceKinds.Secret, secret);
            }

            if (from.Map("configMapKeyRef") is { } map)
            {
                return Key(ResourceKinds.ConfigMap, map);
            }

            if (from.Map("resourceFieldRef") is { } resource)
            {
                var parts = (resource.Text("resource") ?? "").Split('.', 2);
                var amount = Quantity.ValueOf(container.At("resources", parts[0], parts.ElementAtOrDefault(1) ?? ""));
                var divisor = resource["divisor"] is { } unit ? Quantity.ValueOf(unit) : 1;
                return Math.Ceiling(amount / (divisor == 0 ? 1 : divisor)).ToString("0", System.Globalization.CultureInfo.InvariantCulture);
            }

            return Field(from.Text("fieldRef", "fieldPath") ?? "");
        }

        private string Field(string path)
        {
            foreach (var holder in new[] { "labels", "annotations" })
            {
                var open = $"metadata.{holder}['";
                if (path.StartsWith(open, StringComparison.Ordinal) && path.EndsWith("']", StringComparison.Ordinal))
                {
                    return pod.Json.Text("metadata", holder, path[open.Length..^2]) ?? "";
                }
            }

            return path is "metadata.name" or "metadata.namespace" or "metadata.uid" or "spec.nodeName" or "spec.serviceAccountName" or "status.podIP" or "status.hostIP"
                ? pod.Json.Text(path.Split('.')) ?? ""
                : throw new ContainerFault("CreateContainerConfigError", $"unsupported fieldPath: {path}");
        }

        private string? Key(ResourceKind kind, JsonObject reference)
        {
            var (name, key, optional) = (reference.Text("name") ?? "", reference.Text("key") ?? "", reference.Flag("optional"));
            return Data(kind, name, optional) is not { } data ? null : data.TryGetValue(key, out var value) ? value
                : optional ? null : throw new ContainerFault("CreateContainerConfigError", $"couldn't find key {key} in {kind.Kind} {pod.Namespace}/{name}");
        }

        private Dictionary<string, string>? Data(ResourceKind kind, string name, bool optional) =>
            store.Get(new ObjectKey(kind, pod.Namespace, name)) is { } found ? found.DataOf().ToDictionary(pair => pair.Key, pair => Encoding.UTF8.GetString(pair.Value))
                : optional ? null : throw new ContainerFault("CreateContainerConfigError", $"{kind.Singular} \"{name}\" not found");
    }
}

/// <summary>The bytes that a Secret or ConfigMap holds.</summary>
internal static class ObjectData
{
    public static IEnumerable<KeyValuePair<string, byte[]>> DataOf(this StoredObject item)
    {
        var secret = item.Key.Kind == ResourceKinds.Secret;
        foreach (var (name, value) in item.Json.StringMap("data"))
        {
            yield return KeyValuePair.Create(name, secret ? Convert.FromBase64String(value) : Encoding.UTF8.GetBytes(value));
        }

        foreach (var (name, value) in item.Json.StringMap("binaryData"))
        {
            yield return KeyValuePair.Create(name, Convert.FromBase64String(value));
        }
    }
}
