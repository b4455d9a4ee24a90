using System.Globalization;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Patching;

/// <summary>The three patch forms that are not apply. Each changes <c>target</c> in place.</summary>
internal static class Patches
{
    /// <summary>JSON merge patch (RFC 7396).</summary>
    public static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (value is null)
            {
                target.Remove(name);
            }
            else if (value is JsonObject fields)
            {
                if (target[name] is not JsonObject)
                {
                    target[name] = new JsonObject();
                }

                Merge((JsonObject)target[name]!, fields);
            }
            else
            {
                target[name] = value.DeepClone();
            }
        }
    }

    /// <summary>
    /// Strategic merge patch: a merge patch whose keyed lists merge by their first key; <c>$patch: delete|replace</c> is understood,
    /// order and deletion directives of primitive lists are not needed (<c>$setElementOrder</c>, <c>$retainKeys</c> are dropped).
    /// </summary>
    public static void Strategic(Schema schema, JsonObject target, JsonObject patch)
    {
        if (patch.Text("$patch") == "replace")
        {
            target.Clear();
        }

        foreach (var (name, value) in patch.Where(pair => !pair.Key.StartsWith('$')))
        {
            var type = schema.Child(name);
            if (value is null)
            {
                target.Remove(name);
            }
            else if (value is JsonObject fields)
            {
                if (target[name] is not JsonObject)
                {
                    target[name] = new JsonObject();
                }

                Strategic(type, (JsonObject)target[name]!, fields);
            }
            else if (value is JsonArray items && type.Merge == ListMerge.ByKey && target[name] is JsonArray present)
            {
                MergeList(type, present, items);
            }
            else
            {
                target[name] = value.DeepClone();
            }
        }
    }

    /// <summary>JSON patch (RFC 6902); 422 when an operation does not fit.</summary>
    public static JsonObject Json(ObjectKey key, JsonObject target, JsonArray operations)
    {
        JsonNode root = target.Copy();
        foreach (var operation in operations.OfType<JsonObject>())
        {
            try
            {
                root = Apply(root, operation);
            }
            catch (Exception e) when (e is KeyNotFoundException or FormatException or ArgumentOutOfRangeException)
            {
                throw new ApiException(422, "Invalid", $"{key.Kind.QualifiedKind} \"{key.Name}\" is invalid: the server rejected our request due to an error in our request: {e.Message}");
            }
        }

        return root as JsonObject ?? throw ApiException.BadRequest("the patched document is no object");
    }

    private static void MergeList(Schema type, JsonArray present, JsonArray items)
    {
        var keyField = type.Keys[0].Field;
        foreach (var item in items.OfType<JsonObject>())
        {
            var at = -1;
            for (var i = 0; i < present.Count && at < 0; i++)
            {
                at = KubeJson.Same(present[i].At(keyField), item[keyField]) ? i : -1;
            }

            if (item.Text("$patch") == "delete")
            {
                if (at >= 0)
                {
                    present.RemoveAt(at);
                }
            }
            else if (at >= 0)
            {
                Strategic(type.Item!, (JsonObject)present[at]!, item);
            }
            else
            {
                present.Add(item.DeepClone());
            }
        }
    }

    private static JsonNode Apply(JsonNode root, JsonObject operation)
    {
        var steps = Steps(operation.Text("path") ?? throw new FormatException("an operation has no path"));
        switch (operation.Text("op"))
        {
            case "test":
                return KubeJson.Same(Get(root, steps), operation["value"]) ? root : throw new FormatException($"testing path {operation.Text("path")} failed");
            case "remove":
                Take(root, steps);
                return root;
            case "add":
                return Put(root, steps, operation["value"]?.DeepClone(), replace: false);
            case "replace":
                Get(root, steps);
                return Put(root, steps, operation["value"]?.DeepClone(), replace: true);
            case "move":
                return Put(root, steps, Take(root, Steps(operation.Text("from") ?? "")), replace: false);
            case "copy":
                return Put(root, steps, Get(root, Steps(operation.Text("from") ?? ""))?.DeepClone(), replace: false);
            default:
                throw new FormatException($"unknown operation {operation.Text("op")}");
        }
    }

    private static string[] Steps(string pointer) =>
        [.. pointer.Split('/').Skip(1).Select(step => step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];

    private static JsonNode? Get(JsonNode? node, string[] steps)
    {
        foreach (var step in steps)
        {
            node = node switch
            {
                JsonObject o when o.TryGetPropertyValue(step, out var value) => value,
                JsonArray list => list[Index(step)],
                _ => throw new KeyNotFoundException($"no such path: /{string.Join('/', steps)}"),
            };
        }

        return node;
    }

    private static JsonNode? Take(JsonNode root, string[] steps)
    {
        var value = Get(root, steps);
        switch (Get(root, steps[..^1]))
        {
            case JsonObject o:
                o.Remove(steps[^1]);
                break;
            case JsonArray list:
                list.RemoveAt(Index(steps[^1]));
                break;
        }

        return value;
    }

    private static JsonNode Put(JsonNode root, string[] steps, JsonNode? value, bool replace)
    {
        if (steps.Length == 0)
        {
            return value ?? throw new FormatException("the document cannot be null");
        }

        switch (Get(root, steps[..^1]))
        {
            case JsonObject o:
                o[steps[^1]] = value;
                break;
            case JsonArray list when replace:
                list[Index(steps[^1])] = value;
                break;
            case JsonArray list:
                list.Insert(steps[^1] == "-" ? list.Count : Index(steps[^1]), value);
                break;
            default:
                throw new KeyNotFoundException($"no such path: /{string.Join('/', steps)}");
        }

        return root;
    }

    private static int Index(string step) => int.Parse(step, NumberStyles.None, CultureInfo.InvariantCulture);
}
