using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Patching;

/// <summary>
/// Server-side apply (https://kubernetes.io/docs/reference/using-api/server-side-apply/): the applied configuration is laid on the live
/// object; what this manager applied before and no longer does goes, unless another manager owns it; another manager's field with
/// another value is a conflict.
/// </summary>
internal static class ServerSideApply
{
    /// <summary>
    /// The object after the apply, with its <c>managedFields</c>. Throws 409 with one cause per conflicting field unless <paramref name="force"/>.
    /// </summary>
    public static JsonObject Apply(ResourceKind kind, JsonObject? live, JsonObject applied, string subresource, string manager, bool force, DateTimeOffset time)
    {
        var schema = Schemas.Of(kind);
        var managed = ManagedFields.Read(live);
        var wanted = FieldSet.Of(schema, applied);
        if (live is not null)
        {
            ResolveConflicts(schema, live, applied, wanted, managed, item => IsApplyOf(item, manager, subresource), force);
        }

        var merged = live is null ? applied.Copy() : (JsonObject)FieldPath.Merge(schema, live, applied)!;
        var own = managed.Managers.Find(item => IsApplyOf(item, manager, subresource));
        if (own is not null && live is not null)
        {
            Drop(schema, merged, own.Fields, wanted, [.. managed.Managers.Where(item => item != own)]);
        }

        var unchanged = own is not null && KubeJson.Same(own.Fields.ToJson(), wanted.ToJson()) && KubeJson.Same(Body(merged), Body(live!));
        managed.Managers.Remove(own!);
        managed.Managers.Add(new FieldManager(manager, "Apply", subresource, kind.ApiVersion, unchanged ? own!.Time : KubeJson.Seconds(time), wanted));
        managed.Write(merged);
        return merged;
    }

    private static bool IsApplyOf(FieldManager item, string manager, string subresource) => item.Name == manager && item.Operation == "Apply" && item.Subresource == subresource;

    private static void ResolveConflicts(Schema schema, JsonObject live, JsonObject applied, FieldSet wanted, ManagedFields managed, Func<FieldManager, bool> isOwn, bool force)
    {
        var conflicts = new List<(string Manager, string Field)>();
        foreach (var other in managed.Managers.Where(item => !isOwn(item)))
        {
            foreach (var path in wanted.Paths().Where(path => other.Fields.Touches(path)).ToList())
            {
                if (path[^1][0] is 'k' or 'v' || (FieldPath.TryGet(schema, live, path, out var present) && FieldPath.TryGet(schema, applied, path, out var value) && KubeJson.Same(present, value)))
                {
                    continue;
                }

                if (force)
                {
                    other.Fields.Remove(path, below: true);
                }
                else
                {
                    conflicts.Add((Describe(other), FieldSet.Display(path)));
                }
            }
        }

        if (conflicts.Count > 0)
        {
            throw ApiException.ApplyConflict(conflicts);
        }
    }

    /// <summary>As the API server names a manager: <c>"kubectl" with subresource "scale" using apps/v1</c>, without the version for one that applies.</summary>
    private static string Describe(FieldManager manager) =>
        $"\"{manager.Name}\"{(manager.Subresource.Length > 0 ? $" with subresource \"{manager.Subresource}\"" : "")}{(manager.Operation == "Update" ? $" using {manager.ApiVersion}" : "")}";

    /// <summary>Takes away what was applied before, is not now, and nobody else owns.</summary>
    private static void Drop(Schema schema, JsonObject merged, FieldSet before, FieldSet wanted, FieldManager[] others)
    {
        // Shallow first: an item that nobody wants goes whole, while its keys still tell which it is.
        foreach (var path in before.Paths().OrderBy(path => path.Length))
        {
            if (!wanted.Covers(path) && !Array.Exists(others, other => other.Fields.Covers(path)) && !IsKeyOfKept(path, wanted, others))
            {
                FieldPath.Remove(schema, merged, path);
            }
        }
    }

    /// <summary>The key fields of an item stay as long as the item does.</summary>
    private static bool IsKeyOfKept(string[] path, FieldSet wanted, FieldManager[] others)
    {
        if (path.Length < 2 || path[^2][0] != 'k' || JsonNode.Parse(path[^2][2..]) is not JsonObject keys || !keys.ContainsKey(path[^1][2..]))
        {
            return false;
        }

        var item = path[..^1];
        return wanted.Touches(item) || Array.Exists(others, other => other.Fields.Touches(item));
    }

    private static JsonObject Body(JsonObject json)
    {
        var copy = json.Copy();
        copy.Metadata().Remove("managedFields");
        return copy;
    }
}
