using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Definitions;

/// <summary>
/// Rules for a CustomResourceDefinition itself: its names, its versions, and that its schemas are structural
/// (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema).
/// </summary>
internal static class DefinitionRules
{
    private static readonly string[] Types = ["array", "boolean", "integer", "number", "object", "string"];

    public static IEnumerable<Cause> Check(JsonObject json, JsonObject? before) => Naming(json, before).Concat(Versions(json));

    private static IEnumerable<Cause> Naming(JsonObject json, JsonObject? before)
    {
        var spec = json.Map("spec");
        var (group, plural, kind) = (spec.Text("group") ?? "", spec.Text("names", "plural") ?? "", spec.Text("names", "kind") ?? "");
        if (json.Text("metadata", "name") != $"{plural}.{group}")
        {
            yield return Cause.Invalid("metadata.name", json.Text("metadata", "name"), "must be spec.names.plural+\".\"+spec.group");
        }

        if (group.Length > 0 && (Names.SubdomainFault(group) is not null || !group.Contains('.', StringComparison.Ordinal)))
        {
            yield return Cause.Invalid("spec.group", group, Names.SubdomainFault(group) ?? "should be a domain with at least one dot");
        }

        foreach (var (name, path) in new[] { (plural, "spec.names.plural"), (spec.Text("names", "singular") ?? "", "spec.names.singular"), (kind.ToLowerInvariant(), "spec.names.kind") })
        {
            if (name.Length > 0 && Names.LabelFault(name) is { } fault)
            {
                yield return Cause.Invalid(path, name, fault);
            }
        }

        if (before is null)
        {
            yield break;
        }

        foreach (var path in new[] { new[] { "spec", "group" }, ["spec", "scope"], ["spec", "names", "plural"], ["spec", "names", "kind"] })
        {
            if (!KubeJson.Same(json.At(path), before.At(path)))
            {
                yield return Cause.Invalid(string.Join('.', path), json.Text(path), "field is immutable");
            }
        }
    }

    private static IEnumerable<Cause> Versions(JsonObject json)
    {
        var versions = json.Objects("spec", "versions").ToList();
        if (versions.Count > 0 && versions.Count(version => version.Flag("storage")) != 1)
        {
            yield return Cause.Invalid("spec.versions", json.At("spec", "versions"), "must have exactly one version marked as storage version");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < versions.Count; at++)
        {
            var (version, path) = (versions[at], $"spec.versions[{at}]");
            if (version.Text("name") is { Length: > 0 } name)
            {
                if (Names.LabelFault(name) is { } fault)
                {
                    yield return Cause.Invalid($"{path}.name", name, fault);
                }

                if (!seen.Add(name))
                {
                    yield return Cause.Invalid("spec.versions", json.At("spec", "versions"), "must contain unique version names");
                }
            }

            if (version.Map("schema", "openAPIV3Schema") is not { } document)
            {
                yield return Cause.Required($"{path}.schema.openAPIV3Schema", "schemas are required");
                continue;
            }

            var root = $"{path}.schema.openAPIV3Schema";
            if (document.Text("type") != "object")
            {
                yield return Cause.Invalid($"{root}.type", document.Text("type") ?? "", "must be object at the root");
            }

            foreach (var cause in Structure(document, root, typed: true).Concat(SelectableFields.Check(version, document, path)))
            {
                yield return cause;
            }
        }
    }

    /// <param name="typed">Every field outside of allOf, anyOf, oneOf and not says its type.</param>
    private static IEnumerable<Cause> Structure(JsonObject document, string path, bool typed)
    {
        var type = document.Text("type");
        if (type is null && typed && !document.Flag(StructuralSchema.Preserve) && !document.Flag(StructuralSchema.IntOrString))
        {
            yield return Cause.Required($"{path}.type", path.EndsWith(".items", StringComparison.Ordinal) ? "must not be empty for specified array items" : "must not be empty for specified object fields");
        }
        else if (type is not null && !Types.Contains(type))
        {
            yield return Cause.Unsupported($"{path}.type", type, Types);
        }

        foreach (var name in new[] { "$ref", "definitions", "dependencies", "id", "patternProperties" }.Where(document.ContainsKey))
        {
            yield return Cause.Forbidden($"{path}.{name}", $"{name} is not supported");
        }

        if (document.Text("pattern") is { } pattern && !IsPattern(pattern))
        {
            yield return Cause.Invalid($"{path}.pattern", pattern, "must be a valid regular expression");
        }

        if (document.Map("properties") is not null && document.ContainsKey("additionalProperties"))
        {
            yield return Cause.Forbidden($"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive");
        }

        if (document["additionalProperties"] is JsonValue && !document.Flag("additionalProperties"))
        {
            yield return Cause.Forbidden($"{path}.additionalProperties", "additionalProperties cannot be set to false");
        }

        if (typed && type == "array" && document.Map("items") is null)
        {
            yield return Cause.Required($"{path}.items", "must be specified");
        }

        if (document.Text("x-kubernetes-list-type") == "map" && !document.Texts("x-kubernetes-list-map-keys").Any())
        {
            yield return Cause.Required($"{path}.x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map");
        }

        foreach (var (child, at, childTyped) in Children(document, path, typed))
        {
            foreach (var cause in Structure(child, at, childTyped))
            {
                yield return cause;
            }
        }
    }

    private static IEnumerable<(JsonObject Document, string Path, bool Typed)> Children(JsonObject document, string path, bool typed)
    {
        foreach (var (name, field) in document.Map("properties") ?? [])
        {
            yield return (field as JsonObject ?? [], $"{path}.properties[{name}]", typed);
        }

        if (document.Map("additionalProperties") is { } values)
        {
            yield return (values, $"{path}.additionalProperties", typed);
        }

        if (document.Map("items") is { } items)
        {
            yield return (items, $"{path}.items", typed);
        }

        foreach (var name in new[] { "allOf", "anyOf", "oneOf" })
        {
            foreach (var (part, at) in document.Objects(name).Select((part, at) => (part, at)))
            {
                yield return (part, $"{path}.{name}[{at}]", false);
            }
        }

        if (document.Map("not") is { } not)
        {
            yield return (not, $"{path}.not", false);
        }
    }

    private static bool IsPattern(string pattern)
    {
        try
        {
            _ = new Regex(pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
