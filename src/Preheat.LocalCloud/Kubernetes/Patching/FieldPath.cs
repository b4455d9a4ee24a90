using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Patching;

/// <summary>Reads and removes what a path of a <see cref="FieldSet"/> names.</summary>
internal static class FieldPath
{
    /// <summary>The value at a path; false when it is not there.</summary>
    public static bool TryGet(Schema schema, JsonNode? node, ReadOnlySpan<string> path, out JsonNode? value)
    {
        value = node;
        foreach (var step in path)
        {
            if (step[0] == 'f')
            {
                if (value is not JsonObject o || !o.TryGetPropertyValue(step[2..], out value))
                {
                    return false;
                }

                schema = schema.Child(step[2..]);
            }
            else
            {
                var at = value is JsonArray list ? Find(schema, list, step) : -1;
                if (at < 0)
                {
                    return false;
                }

                value = value![at];
                schema = schema.Item ?? Schema.Any;
            }
        }

        return true;
    }

    /// <summary>Removes the value at a path and the containers that it leaves empty, except the object's own first level.</summary>
    public static void Remove(Schema schema, JsonNode node, ReadOnlySpan<string> path)
    {
        var step = path[0];
        if (node is JsonObject o && step[0] == 'f' && o.TryGetPropertyValue(step[2..], out var value))
        {
            if (path.Length == 1)
            {
                o.Remove(step[2..]);
            }
            else if (value is not null)
            {
                Remove(schema.Child(step[2..]), value, path[1..]);
                if (value is JsonObject { Count: 0 } or JsonArray { Count: 0 })
                {
                    o.Remove(step[2..]);
                }
            }
        }
        else if (node is JsonArray list && step[0] != 'f' && Find(schema, list, step) is >= 0 and var at)
        {
            if (path.Length == 1)
            {
                list.RemoveAt(at);
            }
            else if (list[at] is { } item)
            {
                Remove(schema.Item ?? Schema.Any, item, path[1..]);
            }
        }
    }

    /// <summary>Index of the item that a step names; -1 when there is none.</summary>
    public static int Find(Schema list, JsonArray items, string step)
    {
        for (var at = 0; at < items.Count; at++)
        {
            if (FieldSet.Step(list, items[at]) == step)
            {
                return at;
            }
        }

        return -1;
    }

    /// <summary>Lays <paramref name="over"/> on <paramref name="under"/>: structs and maps by field, keyed lists by item, all else whole.</summary>
    public static JsonNode? Merge(Schema schema, JsonNode? under, JsonNode? over)
    {
        if (over is JsonObject fields && under is JsonObject target && !schema.Atomic && schema.Form is SchemaForm.Struct or SchemaForm.Map or SchemaForm.Any)
        {
            var merged = target.Copy();
            foreach (var (name, value) in fields)
            {
                merged[name] = Merge(schema.Child(name), target[name], value);
            }

            return merged;
        }

        if (schema is { Form: SchemaForm.List, Merge: not ListMerge.Atomic } && over is JsonArray items && under is JsonArray present)
        {
            // The applied order leads; items of others keep their order behind it.
            var merged = new JsonArray();
            foreach (var item in items)
            {
                var at = Find(schema, present, FieldSet.Step(schema, item));
                merged.Add(at < 0 ? item?.DeepClone() : Merge(schema.Item!, present[at], item));
            }

            foreach (var item in present.Where(item => Find(schema, items, FieldSet.Step(schema, item)) < 0))
            {
                merged.Add(item?.DeepClone());
            }

            return merged;
        }

        return over?.DeepClone();
    }
}
