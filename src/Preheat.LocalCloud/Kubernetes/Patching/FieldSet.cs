using System.Text.Json;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Patching;

/// <summary>
/// A set of field paths as a tree, in the terms of <c>fieldsV1</c>: <c>f:name</c> a field, <c>k:{…}</c> a list item by its keys,
/// <c>v:…</c> a value of a set, <c>.</c> the thing itself (https://kubernetes.io/docs/reference/using-api/server-side-apply/).
/// </summary>
internal sealed class FieldSet
{
    private static readonly string[] Identity = ["apiVersion", "kind"];
    private static readonly HashSet<string> ServerOwned =
    [
        "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields", "generateName",
    ];

    private readonly SortedDictionary<string, FieldSet> _children = new(StringComparer.Ordinal);

    /// <summary>The path that ends here is itself in the set.</summary>
    public bool Member { get; private set; }

    public bool IsEmpty => !Member && _children.Count == 0;

    public IReadOnlyDictionary<string, FieldSet> Children => _children;

    /// <summary>Every field that an object sets, leaving out what identifies it and what the server owns.</summary>
    public static FieldSet Of(Schema schema, JsonObject json)
    {
        var set = new FieldSet();
        foreach (var (name, value) in json)
        {
            if (name == "metadata" && value is JsonObject metadata)
            {
                foreach (var (field, item) in metadata.Where(pair => !ServerOwned.Contains(pair.Key)))
                {
                    set.At("f:metadata").At($"f:{field}").Fill(schema.Child("metadata").Child(field), item);
                }
            }
            else if (!Identity.Contains(name))
            {
                set.At($"f:{name}").Fill(schema.Child(name), value);
            }
        }

        set.Prune();
        return set;
    }

    public static FieldSet FromJson(JsonObject? json)
    {
        var set = new FieldSet();
        foreach (var (step, child) in json ?? [])
        {
            if (step == ".")
            {
                set.Member = true;
            }
            else
            {
                var next = FromJson(child as JsonObject);
                next.Member |= next._children.Count == 0;
                set._children[step] = next;
            }
        }

        return set;
    }

    public JsonObject ToJson()
    {
        var json = new JsonObject();
        if (Member && _children.Count > 0)
        {
            json["."] = new JsonObject();
        }

        foreach (var (step, child) in _children)
        {
            json[step] = child.ToJson();
        }

        return json;
    }

    public FieldSet At(string step) => _children.TryGetValue(step, out var child) ? child : _children[step] = new FieldSet();

    /// <summary>Every member's path: at each level first what ends there, then what goes deeper, as messages list them.</summary>
    public IEnumerable<string[]> Paths()
    {
        if (Member)
        {
            yield return [];
        }

        foreach (var (step, child) in _children.OrderBy(child => child.Value._children.Count > 0))
        {
            foreach (var path in child.Paths())
            {
                yield return [step, .. path];
            }
        }
    }

    public bool Contains(ReadOnlySpan<string> path)
    {
        var set = this;
        foreach (var step in path)
        {
            if (!set._children.TryGetValue(step, out set!))
            {
                return false;
            }
        }

        return set.Member;
    }

    /// <summary>
    /// Contains the path, anything below it, or a field above it as a whole: a schema may have made one value of what was many fields when they were
    /// noted.
    /// </summary>
    public bool Covers(ReadOnlySpan<string> path)
    {
        var set = this;
        foreach (var step in path)
        {
            if (set is { Member: true, _children.Count: 0 })
            {
                return true;
            }

            if (!set._children.TryGetValue(step, out set!))
            {
                return false;
            }
        }

        return !set.IsEmpty;
    }

    /// <summary>Contains the path or anything below it.</summary>
    public bool Touches(ReadOnlySpan<string> path)
    {
        var set = this;
        foreach (var step in path)
        {
            if (!set._children.TryGetValue(step, out set!))
            {
                return false;
            }
        }

        return !set.IsEmpty;
    }

    public void Add(ReadOnlySpan<string> path)
    {
        var set = this;
        foreach (var step in path)
        {
            set = set.At(step);
        }

        set.Member = true;
    }

    /// <summary>Removes the path, and everything below it when <paramref name="below"/>.</summary>
    public void Remove(ReadOnlySpan<string> path, bool below = false)
    {
        if (path.Length == 0)
        {
            Member = false;
            if (below)
            {
                _children.Clear();
            }
        }
        else if (_children.TryGetValue(path[0], out var child))
        {
            child.Remove(path[1..], below);
            if (child.IsEmpty)
            {
                _children.Remove(path[0]);
            }
        }
    }

    /// <summary>The step that names an item of a list merged by key or as a set.</summary>
    public static string Step(Schema list, JsonNode? item)
    {
        if (list.Merge == ListMerge.Set)
        {
            return $"v:{item?.ToJsonString()}";
        }

        var keys = new JsonObject();
        foreach (var (field, otherwise) in list.Keys.OrderBy(key => key.Field, StringComparer.Ordinal))
        {
            keys[field] = item.At(field)?.DeepClone() ?? otherwise;
        }

        return $"k:{keys.ToJsonString(Relaxed)}";
    }

    /// <summary>How messages write a path: <c>.spec.template.spec.containers[name="x"].image</c>.</summary>
    public static string Display(IEnumerable<string> path) => string.Concat(path.Select(step => step[0] switch
    {
        'f' => $".{step[2..]}",
        'k' => "[" + string.Join(",", ((JsonObject)JsonNode.Parse(step[2..])!).Select(key => $"{key.Key}={key.Value?.ToJsonString()}")) + "]",
        _ => $"[{step[2..]}]",
    }));

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private void Fill(Schema schema, JsonNode? value)
    {
        if (schema.Form is SchemaForm.Struct or SchemaForm.Map && !schema.Atomic && value is JsonObject { Count: > 0 } o)
        {
            foreach (var (name, item) in o)
            {
                At($"f:{name}").Fill(schema.Child(name), item);
            }
        }
        else if (schema.Form == SchemaForm.Any && value is JsonObject { Count: > 0 } open)
        {
            foreach (var (name, item) in open)
            {
                At($"f:{name}").Fill(Schema.Any, item);
            }
        }
        else if (schema.Form == SchemaForm.List && schema.Merge != ListMerge.Atomic && value is JsonArray { Count: > 0 } list)
        {
            foreach (var item in list)
            {
                var child = At(Step(schema, item));
                child.Member = true;
                if (item is JsonObject fields)
                {
                    foreach (var (name, part) in fields)
                    {
                        child.At($"f:{name}").Fill(schema.Item!.Child(name), part);
                    }
                }
            }
        }
        else
        {
            Member = true;
        }
    }

    private void Prune()
    {
        foreach (var (step, child) in _children.ToList())
        {
            child.Prune();
            if (child.IsEmpty)
            {
                _children.Remove(step);
            }
        }
    }
}
