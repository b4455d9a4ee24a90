using System.Globalization;
using System.Text.Json.Nodes;

namespace Preheat.Manifests;

/// <summary>JSON 6902 patches (RFC 6902) over YAML values.</summary>
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
        if (op is not ("add" or "remove" or "replace" or "move" or "copy" or "test"))
            throw new UserException($"{map["op"]!.At}: the operation '{op}' is not known; use add, remove, replace, move, copy or test.");
        if (op is "add" or "replace" or "test" && map["value"] is null)
            throw new UserException($"{operation.At}: '{op}' needs a value.");
        var at = map["path"]!.At;
        if (op is not ("move" or "copy" or "test"))
            return Change(target, Keys(path, at), new(op, path, at, map["value"]));
        var source = op is "test" ? path : map.Text("from") ?? throw new UserException($"{operation.At}: '{op}' needs a from.");
        var found = Find(target, Keys(source, at), new(op, source, at, null));
        if (op is "test")
            return JsonNode.DeepEquals(found.ToJson(), map["value"]!.ToJson()) ? target : throw new UserException($"{operation.At}: the test failed: {path} is something else.");
        if (op is "move")
            target = Change(target, Keys(source, at), new("remove", source, at, null));
        return Change(target, Keys(path, at), new("add", path, at, found));
    }

    // RFC 6901, section 4: ~1 is '/', ~0 is '~', in this order.
    private static string[] Keys(string path, SourcePosition at) => path.StartsWith('/')
        ? [.. path[1..].Split('/').Select(key => key.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))]
        : throw new UserException($"{at}: the path '{path}' does not start with '/'.");

    private static YamlValue Find(YamlValue target, ReadOnlySpan<string> keys, Operation operation)
    {
        foreach (var key in keys)
        {
            target = target switch
            {
                YamlMap map => map[key],
                YamlList list when int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < list.Items.Count => list.Items[index],
                _ => null,
            } ?? throw operation.Missing(key);
        }
        return target;
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
