using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Definitions;

/// <summary>What a definition says about one version of its kind.</summary>
/// <param name="Document">The version's <c>openAPIV3Schema</c>.</param>
/// <param name="Type">The same as the form by which fields are pruned and owned.</param>
/// <param name="Columns"><c>additionalPrinterColumns</c></param>
/// <param name="Scale">The scale subresource's paths; null when it has none.</param>
/// <param name="Selectable">Fields that <c>?fieldSelector=</c> may name (<c>spec.color</c>), from <c>selectableFields</c>.</param>
internal sealed record DefinedVersion(
    string Singular, string ListKind, JsonObject Document, Schema Type, IReadOnlyList<JsonObject> Columns, JsonObject? Scale, IReadOnlyList<string> Selectable);

/// <summary>One version of a defined kind, and whether clients may use it.</summary>
internal sealed record DefinedKind(ResourceKind Kind, bool Served);

/// <summary>
/// Kinds out of a CustomResourceDefinition
/// (https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/custom-resource-definition-v1/).
/// </summary>
internal static class DefinedKinds
{
    /// <summary>The names are accepted and the endpoints are there.</summary>
    public static bool AreEstablished(JsonObject definition) => definition.Condition("Established").Text("status") == "True";

    /// <summary>The kind in each version, the preferred one first.</summary>
    public static IEnumerable<DefinedKind> Of(JsonObject definition)
    {
        var spec = definition.Map("spec");
        var (group, names) = (spec.Text("group") ?? "", spec.Map("status", "acceptedNames") ?? spec.Map("names"));
        var kind = names.Text("kind") ?? "";
        foreach (var version in spec.Objects("versions").OrderBy(version => version.Text("name"), VersionOrder.PreferredFirst))
        {
            var document = version.Map("schema", "openAPIV3Schema") ?? new JsonObject { ["type"] = "object", ["x-kubernetes-preserve-unknown-fields"] = true };
            var subresources = version.Map("subresources");
            yield return new DefinedKind(
                new ResourceKind(group, version.Text("name") ?? "", kind, names.Text("plural") ?? "")
                {
                    Namespaced = spec.Text("scope") == "Namespaced",
                    HasStatus = subresources.Map("status") is not null,
                    HasScale = subresources.Map("scale") is not null,
                    HasGeneration = true,
                    ShortNames = [.. names.Texts("shortNames")],
                    InAll = names.Texts("categories").Contains("all"),
                    Defined = new DefinedVersion(
                        names.Text("singular") ?? kind.ToLowerInvariant(), names.Text("listKind") ?? $"{kind}List", document, StructuralSchema.Root(document),
                        [.. version.Objects("additionalPrinterColumns")], subresources.Map("scale"),
                        [.. version.Objects("selectableFields").Select(field => (field.Text("jsonPath") ?? "").TrimStart('.'))]),
                },
                version.Flag("served"));
        }
    }
}
