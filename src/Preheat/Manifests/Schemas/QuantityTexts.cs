namespace Preheat.Manifests.Schemas;

/// <summary>Writes every quantity as a text.</summary>
/// <remarks>
/// <c>nvidia.com/gpu: 1</c> is as good as <c>"1"</c> in a create request. Server-side apply, though, reads the object by its OpenAPI types first, and before
/// those said "string or number" it refused the number ("expected string, got …"; seen with 1.20).
/// </remarks>
internal static class QuantityTexts
{
    public static YamlValue Of(YamlValue value, KindSchema type) => (type.Form, value) switch
    {
        (SchemaForm.Quantity, YamlScalar { Kind: ScalarKind.Integer or ScalarKind.Float } number) => number with { Kind = ScalarKind.String },
        (SchemaForm.Struct or SchemaForm.Map, YamlMap map) => map with { Entries = [.. map.Entries.Select(entry => entry with { Value = Of(entry.Value, type.Child(entry.Key)) })] },
        (SchemaForm.List, YamlList list) => list with { Items = [.. list.Items.Select(item => Of(item, type.Item!))] },
        _ => value,
    };
}
