using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Preheat.LocalCloud.Kubernetes.Store;

/// <summary>
/// Keeps the objects in a folder: <c>snapshot.jsonl</c>, then <c>journal.jsonl</c> with one line per change. A line cut short by a
/// crash is passed over; everything before it counts. The folder holds secrets, so only the owner may read it.
/// </summary>
internal sealed class Journal : IDisposable
{
    private const int CompactAfter = 20_000;
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _snapshotPath;
    private readonly string _journalPath;
    private FileStream? _stream;
    private int _lines;

    public Journal(string directory)
    {
        Directory.CreateDirectory(directory);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(directory, Private | UnixFileMode.UserExecute);
        }

        _snapshotPath = Path.Combine(directory, "snapshot.jsonl");
        _journalPath = Path.Combine(directory, "journal.jsonl");
    }

    /// <summary>More lines than a snapshot would cost: time for <see cref="Compact"/>.</summary>
    public bool IsLong => _lines >= CompactAfter;

    /// <summary>Objects of the earlier run and the highest version it gave out.</summary>
    public (Dictionary<ObjectKey, StoredObject> Objects, long Version) Load(KindCatalog kinds)
    {
        var objects = new Dictionary<ObjectKey, StoredObject>();
        long version = 0;
        foreach (var line in Lines(_snapshotPath).Concat(Lines(_journalPath)))
        {
            if (!TryRead(line, out var entry) || kinds.OfType(entry.Text("apiVersion"), entry.Text("kind")) is not { } kind)
            {
                continue;
            }

            var key = new ObjectKey(kind, entry.Text("namespace") ?? "", entry.Text("name") ?? "");
            var changed = entry.Number("version") ?? 0;
            version = Math.Max(version, changed);
            if (entry.Map("object") is { } json)
            {
                objects[key] = new StoredObject(key, json.Copy(), changed);
                kinds.Hear(key, json);
            }
            else
            {
                objects.Remove(key);
                kinds.Hear(key, json: null);
            }
        }

        return (objects, version);
    }

    /// <param name="stored">Null for an object that is gone.</param>
    public void Append(ObjectKey key, long version, StoredObject? stored)
    {
        _stream ??= Open(_journalPath, FileMode.Append);
        Write(_stream, key, version, stored);
        _stream.Flush();
        _lines++;
    }

    /// <summary>Writes all objects as the new snapshot and begins an empty journal.</summary>
    public void Compact(IEnumerable<StoredObject> objects, long version)
    {
        var next = _snapshotPath + ".next";
        using (var stream = Open(next, FileMode.Create))
        {
            // Definitions first: what they define could not be read before them.
            foreach (var item in objects.OrderBy(item => item.Key.Kind != ResourceKinds.CustomResourceDefinition))
            {
                Write(stream, item.Key, item.Version, item);
            }

            // A line that removes nothing carries the highest version on, so that it never goes back.
            Write(stream, new ObjectKey(ResourceKinds.Namespace, "", ""), version, stored: null);
        }

        File.Move(next, _snapshotPath, overwrite: true);
        _stream?.Dispose();
        _stream = Open(_journalPath, FileMode.Create);
        _lines = 0;
    }

    public void Dispose() => _stream?.Dispose();

    private static IEnumerable<string> Lines(string path) => File.Exists(path) ? File.ReadLines(path, Encoding.UTF8) : [];

    private static bool TryRead(string line, out JsonObject entry)
    {
        try
        {
            entry = KubeJson.ParseStored(Encoding.UTF8.GetBytes(line));
            return true;
        }
        catch (JsonException)
        {
            entry = [];
            return false;
        }
    }

    private static FileStream Open(string path, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = FileShare.Read };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = Private;
        }

        return new FileStream(path, options);
    }

    private static void Write(FileStream stream, ObjectKey key, long version, StoredObject? stored)
    {
        var head = KubeJson.Serialize(new JsonObject
        {
            ["apiVersion"] = key.Kind.ApiVersion,
            ["kind"] = key.Kind.Kind,
            ["namespace"] = key.Namespace,
            ["name"] = key.Name,
            ["version"] = version,
        });
        stream.Write(head.AsSpan(..^1));
        stream.Write(",\"object\":"u8);
        stream.Write(stored is null ? "null"u8 : stored.Bytes);
        stream.Write("}\n"u8);
    }
}
