using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace Preheat.Kubernetes;

public sealed partial class KubernetesClient
{
    private const int WatchSeconds = 240;
    private static readonly TimeSpan WatchLimit = TimeSpan.FromSeconds(WatchSeconds + 30);
    private static readonly TimeSpan QuietPause = TimeSpan.FromSeconds(1);

    /// <summary>Tells the objects that match, then every change, until the caller stops.</summary>
    /// <remarks>
    /// List, then watch from the list's version with bookmarks; a connection that ends is taken up again from the last version seen; a version that is
    /// too old (410) leads to a new list, of which only the differences are told (API concepts, "Efficient detection of changes"). A server that is
    /// away is waited for, for up to <see cref="PhaseLimits.UsualOutage"/>.
    /// </remarks>
    public IAsyncEnumerable<WatchEvent> WatchAsync(KubernetesKind kind, ObjectFilter filter, CancellationToken cancellation) =>
        WatchAsync(kind, filter, new ServerOutage(OutageLimit, _time), cancellation);

    /// <summary>As the other; <paramref name="outage"/> tells when the server is away, and has the limit.</summary>
    internal async IAsyncEnumerable<WatchEvent> WatchAsync(KubernetesKind kind, ObjectFilter filter, ServerOutage outage, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var known = new Dictionary<string, (string Version, JsonObject Metadata)>(StringComparer.Ordinal);
        while (true)
        {
            var list = await outage.RunAsync(() => ListAsync(kind, filter, isLean: true, cancellation), cancellation);
            foreach (var change in Differences(known, list, kind))
                yield return change;
            yield return new(WatchChange.Synced, null);
            await foreach (var change in FollowAsync(kind, filter, list.ResourceVersion, known, outage, cancellation))
                yield return change;
        }
    }

    // Ends when the version is too old and a new list is needed.
    private async IAsyncEnumerable<WatchEvent> FollowAsync(
        KubernetesKind kind,
        ObjectFilter filter,
        string version,
        Dictionary<string, (string Version, JsonObject Metadata)> known,
        ServerOutage outage,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var resource = await _discovery.GetAsync(kind, cancellation);
        while (true)
        {
            var path = $"{resource.Path(filter.Namespace)}?watch=true&allowWatchBookmarks=true&timeoutSeconds={WatchSeconds}&resourceVersion={Uri.EscapeDataString(version)}{QueryOf(filter)}";
            var quiet = true;
            await using var lines = await outage.RunAsync(() => OpenAsync(path, $"watch {resource.Plural}", cancellation), cancellation);
            if (lines.Status is HttpStatusCode.Gone)
                yield break;
            while (await lines.NextAsync() is { } line)
            {
                quiet = false;
                if (line.Text("type") is "ERROR")
                {
                    if (line.Whole("object", "code") is 410)
                        yield break;
                    // Anything else ends this connection only: a time-out inside the server, its restart.
                    quiet = true;
                    break;
                }
                if (line["object"] is not JsonObject item)
                    continue;
                line.Remove("object");
                var seen = Typed(item, kind);
                version = seen.ResourceVersion ?? version;
                if (Told(known, line.Text("type"), seen) is { } change)
                    yield return change;
            }
            if (quiet)
                await Task.Delay(QuietPause, _time, cancellation);
        }
    }

    private async Task<WatchStream> OpenAsync(string path, string doing, CancellationToken cancellation)
    {
        var lines = new WatchStream(await SendAsync(() => new(HttpMethod.Get, path), HttpCompletionOption.ResponseHeadersRead, cancellation), WatchLimit, _time, cancellation);
        if (lines.Status is HttpStatusCode.OK or HttpStatusCode.Gone)
            return lines;
        await using (lines)
            throw KubernetesErrors.From(lines.Status, await lines.BodyAsync(), _context, doing);
    }

    private static WatchEvent? Told(Dictionary<string, (string Version, JsonObject Metadata)> known, string? type, KubernetesObject seen)
    {
        switch (type)
        {
            case "ADDED" or "MODIFIED":
                var isNew = !known.ContainsKey(KeyOf(seen));
                known[KeyOf(seen)] = (seen.ResourceVersion ?? "", Remembered(seen));
                return new(isNew ? WatchChange.Added : WatchChange.Modified, seen);
            case "DELETED":
                known.Remove(KeyOf(seen));
                return new(WatchChange.Deleted, seen);
            default:
                return null;
        }
    }

    private static List<WatchEvent> Differences(Dictionary<string, (string Version, JsonObject Metadata)> known, ObjectList list, KubernetesKind kind)
    {
        var changes = new List<WatchEvent>();
        var present = list.Items.Select(KeyOf).ToHashSet(StringComparer.Ordinal);
        foreach (var (key, (_, metadata)) in known.Where(entry => !present.Contains(entry.Key)).ToList())
        {
            known.Remove(key);
            changes.Add(new(WatchChange.Deleted, new(new() { ["apiVersion"] = kind.ApiVersion, ["kind"] = kind.Kind, ["metadata"] = metadata.DeepClone() })));
        }
        foreach (var item in list.Items)
        {
            var before = known.TryGetValue(KeyOf(item), out var entry) ? entry.Version : null;
            known[KeyOf(item)] = (item.ResourceVersion ?? "", Remembered(item));
            if (before != item.ResourceVersion)
                changes.Add(new(before is null ? WatchChange.Added : WatchChange.Modified, item));
        }
        return changes;
    }

    // Two objects of one name, one after the other, are two objects.
    private static string KeyOf(KubernetesObject item) => $"{item.Namespace}/{item.Name}/{item.Uid}";

    // Enough to tell a removal by; whole objects would cost memory for nothing.
    private static JsonObject Remembered(KubernetesObject item) =>
        new() { ["name"] = item.Name, ["namespace"] = item.Namespace, ["uid"] = item.Uid, ["labels"] = item.Json.At("metadata", "labels")?.DeepClone() };
}
