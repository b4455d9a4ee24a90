using Preheat.Manifests.Schemas;

namespace Preheat.Manifests;

/// <summary>Lays a partial object over a whole one, as kustomize does (kubernetes.io, "Strategic merge patch"; kubectl.docs.kubernetes.io, "patches").</summary>
/// <remarks>
/// Mappings are merged field by field and null removes a field. A list with merge keys is merged item by item, new items first, as kustomize orders them; any other list is
/// replaced. <c>$patch: delete</c> and <c>$patch: replace</c> are followed in mappings and in items; <c>$deleteFromPrimitiveList/NAME</c> takes values out;
/// <c>$setElementOrder/NAME</c> and <c>$retainKeys</c>, which kubectl writes and people do not, are ignored.
/// </remarks>
internal static class StrategicMerge
{
    private const string Directive = "$patch";
    private const string DeleteValues = "$deleteFromPrimitiveList/";

    /// <summary>The merged object; null when the patch deletes it.</summary>
    /// <param name="type">Type of the object; null for an unknown kind, whose lists are replaced.</param>
    /// <exception cref="UserException">A directive or an item of the patch is wrong; the message names file and line.</exception>
    public static YamlMap? Apply(YamlMap target, YamlMap patch, KindSchema? type) => (YamlMap?)Map(target, patch, type ?? KindSchema.Any);

    private static YamlValue? Map(YamlMap target, YamlMap patch, KindSchema type)
    {
        switch (DirectiveOf(patch))
        {
            case "delete":
                return null;
            case "replace":
                return Plain(patch, type);
        }
        var entries = target.Entries.ToList();
        foreach (var entry in patch.Entries)
        {
            if (IsIgnored(entry.Key))
                continue;
            if (entry.Key.StartsWith(DeleteValues, StringComparison.Ordinal))
            {
                RemoveValues(entries, entry);
                continue;
            }
            if (entry.Key == Directive)
                continue;
            RequireNoDirective(entry);
            var index = entries.FindIndex(known => known.Key == entry.Key);
            var merged = entry.Value is YamlScalar { Kind: ScalarKind.Null } ? null : Value(index < 0 ? null : entries[index].Value, entry.Value, type.Child(entry.Key));
            if (merged is null && index >= 0)
                entries.RemoveAt(index);
            else if (merged is not null && index >= 0)
                entries[index] = entries[index] with { Value = merged };
            else if (merged is not null)
                entries.Add(entry with { Value = merged });
        }
        return target with { Entries = entries };
    }

    private static YamlValue? Value(YamlValue? target, YamlValue patch, KindSchema type) => (target, patch) switch
    {
        (YamlMap before, YamlMap map) => Map(before, map, type),
        (_, YamlMap map) => DirectiveOf(map) is "delete" ? null : Plain(map, type),
        (YamlList before, YamlList list) when type.Keys.Count > 0 => List(before, list, type),
        _ => Plain(patch, type),
    };

    private static YamlList List(YamlList target, YamlList patch, KindSchema type)
    {
        if (patch.Items.Any(item => item is YamlMap { Entries: [{ Key: Directive }] } whole && DirectiveOf(whole) is "replace"))
            return (YamlList)Plain(patch, type);
        var items = target.Items.ToList();
        var added = new List<YamlValue>();
        foreach (var item in patch.Items)
        {
            if (item is not YamlMap map || ListKeys.Of(map, type) is not { } key)
                throw new UserException($"{item.At}: an item of this list is told by its {string.Join(" and ", type.Keys.Where(one => one.Default is null).Select(one => one.Field))}, which is missing here.");
            var index = items.FindIndex(known => ListKeys.Of(known, type) == key);
            var merged = index < 0 ? Value(null, map, type.Item!) : Map((YamlMap)items[index], map, type.Item!);
            if (index < 0 && merged is not null)
                added.Add(merged);
            else if (index >= 0 && merged is not null)
                items[index] = merged;
            else if (index >= 0)
                items.RemoveAt(index);
        }
        return target with { Items = [.. added, .. items] };
    }

    // What has no counterpart is taken as it is, without directives and nulls.
    private static YamlValue Plain(YamlValue value, KindSchema type) => value switch
    {
        YamlMap map => map with
        {
            Entries = [.. map.Entries
                .Where(entry => entry.Key != Directive && !IsIgnored(entry.Key) && !entry.Key.StartsWith(DeleteValues, StringComparison.Ordinal) && entry.Value is not YamlScalar { Kind: ScalarKind.Null })
                .Select(entry => entry with { Value = Plain(entry.Value, type.Child(entry.Key)) })],
        },
        YamlList list => list with
        {
            Items = [.. list.Items.Where(item => item is not YamlMap map || map[Directive] is null || (map.Entries.Count > 1 && DirectiveOf(map) is not "delete")).Select(item => Plain(item, type.Item ?? KindSchema.Any))],
        },
        _ => value,
    };

    private static string DirectiveOf(YamlMap patch) => patch[Directive] switch
    {
        null => "merge",
        YamlScalar { Text: "delete" or "merge" or "replace" } known => known.Text,
        var other => throw new UserException($"{other.At}: $patch is delete, merge or replace."),
    };

    private static bool IsIgnored(string key) => key.StartsWith("$setElementOrder/", StringComparison.Ordinal) || key is "$retainKeys";

    private static void RequireNoDirective(YamlEntry entry)
    {
        if (entry.Key.StartsWith('$'))
            throw new UserException($"{entry.At}: '{entry.Key}' is no directive of a strategic merge patch. Use $patch: delete, merge or replace.");
    }

    private static void RemoveValues(List<YamlEntry> entries, YamlEntry directive)
    {
        var index = entries.FindIndex(known => known.Key == directive.Key[DeleteValues.Length..]);
        if (index < 0 || entries[index].Value is not YamlList list || directive.Value is not YamlList gone)
            return;
        var removed = gone.Items.OfType<YamlScalar>().Select(item => item.Text).ToHashSet(StringComparer.Ordinal);
        entries[index] = entries[index] with { Value = list with { Items = [.. list.Items.Where(item => item is not YamlScalar scalar || !removed.Contains(scalar.Text))] } };
    }
}
