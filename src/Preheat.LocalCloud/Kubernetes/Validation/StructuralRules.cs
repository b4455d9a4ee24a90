using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>
/// Holds a custom object against its definition's schema, in the words of the API server (422). Understood: types, required, enum, pattern,
/// format, lengths, ranges, sizes, allOf/anyOf/oneOf/not, list types. Rules in CEL (<c>x-kubernetes-validations</c>) are stored, not run.
/// </summary>
internal static class StructuralRules
{
    private static readonly TimeSpan PatternLimit = TimeSpan.FromMilliseconds(200);

    /// <summary>Every fault of the object's own fields; identity and metadata have been checked by their types.</summary>
    public static IEnumerable<Cause> CheckRoot(JsonObject document, JsonObject json)
    {
        var body = json.Copy();
        foreach (var name in new[] { "apiVersion", "kind", "metadata" })
        {
            body.Remove(name);
        }

        var required = document.Texts("required").Except(["apiVersion", "kind", "metadata"]).ToList();
        var root = document.Copy();
        root["required"] = KubeJson.ToArray(required);
        return Check(root, body, "");
    }

    private static IEnumerable<Cause> Check(JsonObject document, JsonNode? node, string path)
    {
        if (node is null)
        {
            return document.Flag("nullable") ? [] : document.Text("type") is { } wanted ? [Mistyped(path, wanted, "null")] : [];
        }

        var form = FormOf(node);
        if (document.Flag(StructuralSchema.IntOrString))
        {
            if (form is not ("integer" or "string"))
            {
                return [Mistyped(path, "integer,string", form)];
            }
        }
        else if (document.Text("type") is { } type && type != form && !(type == "number" && form == "integer"))
        {
            return [Mistyped(path, type, form)];
        }

        return Enumeration(document, node, path).Concat(node switch
        {
            JsonObject o => Object(document, o, path),
            JsonArray list => List(document, list, path),
            _ when form == "string" => Text(document, node.Text()!, path),
            _ when form is "integer" or "number" => Range(document, node, path),
            _ => [],
        }).Concat(Combined(document, node, path));
    }

    private static IEnumerable<Cause> Enumeration(JsonObject document, JsonNode node, string path)
    {
        if (document.Items("enum") is { } allowed && !allowed.Any(value => KubeJson.Same(value, node)))
        {
            yield return Cause.Unsupported(path, node.Text() ?? (object)node, allowed.Select(value => value.Text() ?? value?.ToJsonString() ?? "null"));
        }
    }

    private static IEnumerable<Cause> Object(JsonObject document, JsonObject o, string path)
    {
        foreach (var name in document.Texts("required").Where(name => !o.ContainsKey(name)))
        {
            yield return Cause.Required(Join(path, name));
        }

        if (document.Number("minProperties") is { } least && o.Count < least)
        {
            yield return Cause.Invalid(path, o.Count, $"{path} in body should have at least {least} properties");
        }

        if (document.Number("maxProperties") is { } most && o.Count > most)
        {
            yield return Cause.TooMany(path, o.Count, most);
        }

        foreach (var (name, value) in o)
        {
            var named = document.Map("properties", name);
            if ((named ?? document.Map("additionalProperties")) is not { } field)
            {
                continue;
            }

            foreach (var cause in Check(field, value, named is null ? $"{path}.{name}".TrimStart('.') : Join(path, name)))
            {
                yield return cause;
            }
        }
    }

    private static IEnumerable<Cause> List(JsonObject document, JsonArray list, string path)
    {
        if (document.Number("minItems") is { } least && list.Count < least)
        {
            yield return Cause.Invalid(path, list.Count, $"{path} in body should have at least {least} items");
        }

        if (document.Number("maxItems") is { } most && list.Count > most)
        {
            yield return Cause.TooMany(path, list.Count, most);
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < list.Count; at++)
        {
            if (document.Map("items") is { } item)
            {
                foreach (var cause in Check(item, list[at], $"{path}[{at}]"))
                {
                    yield return cause;
                }
            }

            if (Identity(document, list[at]) is { } identity && !seen.Add(identity))
            {
                yield return Cause.DuplicateItem($"{path}[{at}]", identity);
            }
        }
    }

    /// <summary>What tells an item of a set or of a list by keys from the others; null where items may repeat.</summary>
    private static string? Identity(JsonObject document, JsonNode? item) => document.Text("x-kubernetes-list-type") switch
    {
        "set" => item?.ToJsonString() ?? "null",
        "map" => new JsonObject(document.Texts("x-kubernetes-list-map-keys").Order(StringComparer.Ordinal)
            .Select(key => KeyValuePair.Create(key, item.At(key)?.DeepClone()))).ToJsonString(),
        _ => null,
    };

    private static IEnumerable<Cause> Text(JsonObject document, string text, string path)
    {
        var length = text.EnumerateRunes().Count();
        if (document.Number("minLength") is { } least && length < least)
        {
            yield return Cause.Invalid(path, text, $"{path} in body should be at least {least} chars long");
        }

        if (document.Number("maxLength") is { } most && length > most)
        {
            yield return Cause.TooLong(path, most);
        }

        if (document.Text("pattern") is { } pattern && !Matches(pattern, text))
        {
            yield return Cause.Invalid(path, text, $"{path} in body should match '{pattern}'");
        }

        if (document.Text("format") is { } format && !HasFormat(format, text))
        {
            yield return Cause.Invalid(path, text, $"{path} in body must be of type {format}: \"{text}\"");
        }
    }

    private static IEnumerable<Cause> Range(JsonObject document, JsonNode node, string path)
    {
        var value = Decimal(node);
        if (Decimal(document["minimum"]) is { } least && (document.Flag("exclusiveMinimum") ? value <= least : value < least))
        {
            yield return Cause.Invalid(path, node, $"{path} in body should be greater than {(document.Flag("exclusiveMinimum") ? "" : "or equal to ")}{document["minimum"]}");
        }

        if (Decimal(document["maximum"]) is { } most && (document.Flag("exclusiveMaximum") ? value >= most : value > most))
        {
            yield return Cause.Invalid(path, node, $"{path} in body should be less than {(document.Flag("exclusiveMaximum") ? "" : "or equal to ")}{document["maximum"]}");
        }

        if (Decimal(document["multipleOf"]) is { } step and > 0 && value % step != 0)
        {
            yield return Cause.Invalid(path, node, $"{path} in body should be a multiple of {document["multipleOf"]}");
        }
    }

    private static IEnumerable<Cause> Combined(JsonObject document, JsonNode node, string path)
    {
        foreach (var cause in document.Objects("allOf").SelectMany(part => Check(part, node, path)))
        {
            yield return cause;
        }

        if (document.Items("anyOf") is not null && !document.Objects("anyOf").Any(part => !Check(part, node, path).Any()))
        {
            yield return Cause.Invalid(path, node, $"\"{path}\" must validate at least one schema (anyOf)");
        }

        if (document.Items("oneOf") is not null && document.Objects("oneOf").Count(part => !Check(part, node, path).Any()) is var valid and not 1)
        {
            yield return Cause.Invalid(path, node, $"\"{path}\" must validate one and only one schema (oneOf). Found {(valid == 0 ? "none" : $"{valid}")} valid");
        }

        if (document.Map("not") is { } not && !Check(not, node, path).Any())
        {
            yield return Cause.Invalid(path, node, $"\"{path}\" must not validate the schema (not)");
        }
    }

    private static Cause Mistyped(string path, string wanted, string form) =>
        Cause.Invalid(path, form, $"{path} in body must be of type {wanted}: \"{form}\"") with { Reason = "FieldValueTypeInvalid" };

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static decimal? Decimal(JsonNode? node) =>
        node is JsonValue && decimal.TryParse(node.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static string FormOf(JsonNode node) => node.GetValueKind() switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => Decimal(node) is { } value && value == decimal.Truncate(value) ? "integer" : "number",
        _ => "boolean",
    };

    /// <summary>The pattern is a stranger's: it may not take long.</summary>
    private static bool Matches(string pattern, string text)
    {
        try
        {
            return Regex.IsMatch(text, pattern, RegexOptions.CultureInvariant, PatternLimit);
        }
        catch (Exception e) when (e is RegexMatchTimeoutException or ArgumentException)
        {
            return false;
        }
    }

    /// <summary>The formats that a structural schema may ask for; any other is passed over, as by the API server.</summary>
    private static bool HasFormat(string format, string text) => format switch
    {
        "date-time" => DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mm:ssK"], CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "uri" => Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out _),
        "ipv4" => System.Net.IPAddress.TryParse(text, out var four) && four.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork,
        "ipv6" => System.Net.IPAddress.TryParse(text, out var six) && six.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6,
        "uuid" => Guid.TryParseExact(text, "D", out _),
        "byte" => System.Buffers.Text.Base64.IsValid(text),
        _ => true,
    };
}
