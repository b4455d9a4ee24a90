namespace Preheat.Manifests.Schemas;

/// <summary>What tells the items of a list apart (kubernetes.io, "Merge strategy": <c>x-kubernetes-list-map-keys</c>).</summary>
internal static class ListKeys
{
    /// <summary>An item's keys as <c>name c</c> or <c>containerPort 80 protocol TCP</c>; null when the list has no keys or the item lacks one.</summary>
    public static string? Of(YamlValue item, KindSchema list)
    {
        if (list.Keys.Count == 0 || item is not YamlMap map)
            return null;
        var parts = list.Keys.Select(key => (key.Field, Value: map.Text(key.Field) ?? key.Default)).ToList();
        return parts.Exists(part => part.Value is null) ? null : string.Join(' ', parts.Select(part => $"{part.Field} {part.Value}"));
    }
}
