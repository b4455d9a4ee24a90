using System.Globalization;

namespace Preheat.Manifests;

/// <summary>JSON 6902 patches (RFC 6902) over YAML values: <c>add</c>, <c>remove</c> and <c>replace</c>, which is what kustomize components use.</summary>
internal static class JsonPatch
{
    /// <summary>The value after all operations of the patch.</summary>
    /// <exception cref="UserException">The patch is malformed or names a place that does not exist (RFC 6902, section 4); the message names file and line.</exception>
    public static YamlValue Apply(YamlValue target, YamlValue patch)
    {
        if (patch is not YamlList operations)
            throw new UserException($"{patch.At}: a patch is a list of operations (op, path, value), not {patch.Shape}.");
        return operations.Items.Aggregate(target, ApplyOne);
    }

    private static YamlValue ApplyOne(YamlValue target, YamlValue operation)
    {
        if (operation is not YamlMap map || map.Text("op") is not { } op || map.Text("path") is not { } path)
            throw new UserException($"{operation.At}: an operation of a patch has an op and a path.");
        if (op is not ("add" or "remove" or "replace"))
            throw new UserException($"{map["op"]!.At}: the operation '{op}' is not known; use add, remove or replace.");
        if (op is not "remove" && map["value"] is null)
            throw new UserException($"{operation.At}: '{op}' needs a value.");
        if (!path.StartsWith('/'))
            throw new UserException($"{map["path"]!.At}: the path '{path}' does not start with '/'.");
        // RFC 6901, section 4: ~1 is '/', ~0 is '~', in this order.
        var keys = path[1..].Split('/').Select(key => key.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)).ToArray();
        return Change(target, keys, new(op, path, map["path"]!.At, map["value"]));
    }

    private static YamlValue Change(YamlValue target, ReadOnlySpan<string> keys, Operation operation) => target switch
    {
        YamlMap map => ChangeMap(map, keys, operation),
        YamlList list => ChangeList(list, keys, operation),
        _ => throw operation.Missing(keys[0]),
    };

    private static YamlMap ChangeMap(YamlMap map, ReadOnlySpan<string> keys, Operation operation)
    {
        var key = keys[0];
        var entries = map.Entries.ToList();
        var index = entries.FindIndex(entry => entry.Key == key);
        if (index < 0 && (keys.Length > 1 || operation.Op is not "add"))
            throw operation.Missing(key);
        if (keys.Length > 1)
            entries[index] = entries[index] with { Value = Change(entries[index].Value, keys[1..], operation) };
        else if (operation.Op is "remove")
            entries.RemoveAt(index);
        else if (index < 0)
            entries.Add(new(operation.At, key, operation.Value!));
        else
            entries[index] = entries[index] with { Value = operation.Value! };
        return map with { Entries = entries };
    }

    private static YamlList ChangeList(YamlList list, ReadOnlySpan<string> keys, Operation operation)
    {
        var items = list.Items.ToList();
        var end = keys.Length == 1 && operation.Op is "add" ? items.Count : items.Count - 1;
        var index = keys[0] == "-" && keys.Length == 1 && operation.Op is "add"
            ? items.Count
            : int.TryParse(keys[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= end ? number : throw operation.Missing(keys[0]);
        if (keys.Length > 1)
            items[index] = Change(items[index], keys[1..], operation);
        else if (operation.Op is "add")
            items.Insert(index, operation.Value!);
        else if (operation.Op is "remove")
            items.RemoveAt(index);
        else
            items[index] = operation.Value!;
        return list with { Items = items };
    }

    private sealed record Operation(string Op, string Path, SourcePosition At, YamlValue? Value)
    {
        public UserException Missing(string key) => new($"{At}: the path {Path} does not exist in the object (stopped at '{key}').");
    }
}
