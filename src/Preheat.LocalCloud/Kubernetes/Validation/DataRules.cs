using System.Text.Json;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>Rules of Secrets and ConfigMaps, after <c>ValidateSecret</c> and <c>ValidateConfigMap</c> in <c>pkg/apis/core/validation</c> of https://github.com/kubernetes/kubernetes.</summary>
internal static class DataRules
{
    private const int MostBytes = 1024 * 1024;

    /// <summary>Keys that a Secret of a type has to have; one of those in a group is enough.</summary>
    private static readonly Dictionary<string, string[][]> KeysOfType = new(StringComparer.Ordinal)
    {
        ["kubernetes.io/tls"] = [["tls.crt"], ["tls.key"]],
        ["kubernetes.io/dockerconfigjson"] = [[".dockerconfigjson"]],
        ["kubernetes.io/dockercfg"] = [[".dockercfg"]],
        ["kubernetes.io/basic-auth"] = [["username", "password"]],
        ["kubernetes.io/ssh-auth"] = [["ssh-privatekey"]],
    };

    /// <exception cref="ApiException">400: bytes that are no base64, which the real server cannot even read.</exception>
    public static IEnumerable<Cause> Check(JsonObject json, JsonObject? before)
    {
        var secret = json.Text("kind") == "Secret";
        long size = 0;
        foreach (var (name, field) in new[] { "data", "binaryData" }.SelectMany(field => json.StringMap(field).Select(pair => (pair, field))))
        {
            size += name.Value.Length;
            if (name.Key.Length > 253 || name.Key is "." or ".." || !name.Key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            {
                yield return Cause.Invalid($"{field}[{name.Key}]", name.Key, "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (regex used for validation is '[-._a-zA-Z0-9]+')");
            }

            if (field == "binaryData" && json.At("data", name.Key) is not null)
            {
                yield return Cause.Invalid($"data[{name.Key}]", name.Key, "duplicate of key present in binaryData");
            }

            if ((secret || field == "binaryData") && !System.Buffers.Text.Base64.IsValid(name.Value))
            {
                throw ApiException.BadRequest($"{json.Text("kind")} in version \"v1\" cannot be handled as a {json.Text("kind")}: illegal base64 data in {field}[{name.Key}]");
            }
        }

        if (size > MostBytes * (secret ? 4L / 3 : 1))
        {
            yield return new Cause("FieldValueTooLong", $"Too long: may not be more than {MostBytes} bytes", "data");
        }

        foreach (var cause in (secret ? Typed(json) : []).Concat(before.Flag("immutable") ? Fixed(json, before!) : []))
        {
            yield return cause;
        }

        if (secret && before is not null && json.Text("type") != before.Text("type"))
        {
            yield return Cause.Invalid("type", json.Text("type"), "field is immutable");
        }
    }

    private static IEnumerable<Cause> Fixed(JsonObject json, JsonObject before)
    {
        if (!json.Flag("immutable"))
        {
            yield return Cause.Forbidden("immutable", "field is immutable when `immutable` is set");
        }

        foreach (var name in new[] { "data", "binaryData" }.Where(name => !Same(json.Map(name), before.Map(name))))
        {
            yield return Cause.Forbidden(name, "field is immutable when `immutable` is set");
        }

        static bool Same(JsonObject? left, JsonObject? right) => KubeJson.Same(left ?? [], right ?? []);
    }

    private static IEnumerable<Cause> Typed(JsonObject json)
    {
        var type = json.Text("type") ?? "";
        if (type == "kubernetes.io/service-account-token" && string.IsNullOrEmpty(json.Text("metadata", "annotations", "kubernetes.io/service-account.name")))
        {
            yield return Cause.Required("metadata.annotations[kubernetes.io/service-account.name]");
        }

        foreach (var missing in KeysOfType.GetValueOrDefault(type, []).Where(group => !Array.Exists(group, key => json.At("data", key) is not null)).SelectMany(group => group))
        {
            yield return Cause.Required($"data[{missing}]");
        }

        if (KeysOfType.ContainsKey(type) && type.Contains("docker", StringComparison.Ordinal) && json.Text("data", KeysOfType[type][0][0]) is { } config && !IsObject(config))
        {
            yield return Cause.Invalid($"data[{KeysOfType[type][0][0]}]", "<secret contents redacted>", "invalid character in JSON");
        }
    }

    private static bool IsObject(string base64)
    {
        try
        {
            return KubeJson.Parse(Convert.FromBase64String(base64)) is JsonObject;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return false;
        }
    }
}
