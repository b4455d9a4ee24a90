using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Patching;

/// <summary>One manager's fields. <paramref name="Operation"/> is <c>Apply</c> or <c>Update</c>.</summary>
internal sealed record FieldManager(string Name, string Operation, string Subresource, string ApiVersion, string Time, FieldSet Fields);

/// <summary><c>metadata.managedFields</c>: who owns which field.</summary>
internal sealed class ManagedFields
{
    public List<FieldManager> Managers { get; } = [];

    public static ManagedFields Read(JsonObject? json)
    {
        var managed = new ManagedFields();
        foreach (var entry in json.Objects("metadata", "managedFields"))
        {
            managed.Managers.Add(new FieldManager(
                entry.Text("manager") ?? "", entry.Text("operation") ?? "Update", entry.Text("subresource") ?? "", entry.Text("apiVersion") ?? "", entry.Text("time") ?? "",
                FieldSet.FromJson(entry.Map("fieldsV1"))));
        }

        return managed;
    }

    public void Write(JsonObject json)
    {
        var entries = new JsonArray();
        // The order of apimachinery's managedfields: who applied first, then by time and name.
        foreach (var manager in Managers.Where(manager => !manager.Fields.IsEmpty)
            .OrderBy(manager => manager.Operation, StringComparer.Ordinal).ThenBy(manager => manager.Time, StringComparer.Ordinal).ThenBy(manager => manager.Name, StringComparer.Ordinal)
            .ThenBy(manager => manager.ApiVersion, StringComparer.Ordinal).ThenBy(manager => manager.Subresource, StringComparer.Ordinal))
        {
            var entry = new JsonObject
            {
                ["manager"] = manager.Name,
                ["operation"] = manager.Operation,
                ["apiVersion"] = manager.ApiVersion,
                ["time"] = manager.Time,
                ["fieldsType"] = "FieldsV1",
                ["fieldsV1"] = manager.Fields.ToJson(),
            };
            if (manager.Subresource.Length > 0)
            {
                entry["subresource"] = manager.Subresource;
            }

            entries.Add(entry);
        }

        json.Metadata().Remove("managedFields");
        if (entries.Count > 0)
        {
            json.Metadata()["managedFields"] = entries;
        }
    }

    /// <summary>
    /// Tracks a write that was no apply: fields whose value it set or changed become its own and nobody else's, fields it took away belong to nobody.
    /// </summary>
    public static void TrackUpdate(ResourceKind kind, JsonObject? before, JsonObject after, string manager, string subresource, DateTimeOffset time)
    {
        var schema = Schemas.Of(kind);
        var managed = Read(before);
        var (old, now) = (before is null ? new FieldSet() : FieldSet.Of(schema, before), FieldSet.Of(schema, after));
        var changed = new FieldSet();
        foreach (var path in now.Paths().Where(path => (path[0] == "f:status") == (subresource == "status")))
        {
            FieldPath.TryGet(schema, after, path, out var value);
            if (!FieldPath.TryGet(schema, before, path, out var earlier) || (!KubeJson.Same(value, earlier) && IsLeaf(now, path)))
            {
                changed.Add(path);
            }
        }

        var gone = old.Paths().Where(path => !FieldPath.TryGet(schema, after, path, out _)).ToList();
        foreach (var other in managed.Managers)
        {
            gone.ForEach(path => other.Fields.Remove(path, below: true));
            if (other.Name != manager || other.Operation != "Update" || other.Subresource != subresource)
            {
                foreach (var path in changed.Paths())
                {
                    other.Fields.Remove(path);
                }
            }
        }

        if (!changed.IsEmpty)
        {
            var own = managed.Managers.Find(item => item.Name == manager && item.Operation == "Update" && item.Subresource == subresource);
            var fields = own?.Fields ?? new FieldSet();
            foreach (var path in changed.Paths())
            {
                fields.Add(path);
            }

            managed.Managers.Remove(own!);
            managed.Managers.Add(new FieldManager(manager, "Update", subresource, kind.ApiVersion, KubeJson.Seconds(time), fields));
        }

        managed.Write(after);
    }

    private static bool IsLeaf(FieldSet set, ReadOnlySpan<string> path)
    {
        foreach (var step in path)
        {
            set = set.Children[step];
        }

        return set.Children.Count == 0;
    }
}
