using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>
/// <c>?watch=true</c>: one JSON document per line and change
/// (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes).
/// </summary>
internal sealed class WatchEndpoint(ObjectStore store, TimeProvider time, Action touch, CancellationToken stopping)
{
    private const int FlushAfter = 64 * 1024;

    private static readonly TimeSpan LongestWatch = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan BookmarkEvery = TimeSpan.FromMinutes(1);

    public async Task HandleAsync(HttpContext context, ApiPath path)
    {
        var query = context.Request.Query;
        var filter = new Filter(path, LabelSelector.Parse(query["labelSelector"]), FieldSelector.Parse(path.Kind, query["fieldSelector"]));
        var seconds = int.TryParse(query["timeoutSeconds"], NumberStyles.None, CultureInfo.InvariantCulture, out var asked) && asked > 0 ? asked : (int)LongestWatch.TotalSeconds;
        var version = query["resourceVersion"].ToString();
        var bookmarks = query["allowWatchBookmarks"] == "true";
        var channel = Channel.CreateUnbounded<StoreChange>(new UnboundedChannelOptions { SingleReader = true });
        void Hear(StoreChange change)
        {
            if (filter.Concerns(change))
            {
                channel.Writer.TryWrite(change);
            }
        }

        IReadOnlyList<StoredObject> snapshot = [];
        long last;
        IDisposable subscription;
        var asksInitial = query["sendInitialEvents"].ToString();
        if (asksInitial.Length > 0 && query["resourceVersionMatch"] != "NotOlderThan")
        {
            throw ListOptions.Invalid("resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        }

        if (asksInitial.Length == 0 && query["resourceVersionMatch"].Count > 0)
        {
            throw ListOptions.Invalid("resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
        }

        if (asksInitial == "false" && version is "" or "0")
        {
            subscription = store.Follow(path.Kind, path.Namespace, out _, out last, Hear);
        }
        else if (version is "" or "0" || asksInitial == "true")
        {
            subscription = store.Follow(path.Kind, path.Namespace, out snapshot, out last, Hear);
        }
        else
        {
            if (!long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out last))
            {
                throw ApiException.BadRequest($"invalid resource version \"{version}\"");
            }

            // Too old is told as an event, as every fault of a watch that could begin; a client lists anew and watches from there.
            try
            {
                subscription = store.SubscribeFrom(last, Hear);
            }
            catch (ApiException e) when (e.Code == 410)
            {
                context.Response.ContentType = "application/json";
                await WriteAsync(context, "ERROR", KubeJson.Serialize(e.ToStatus()));
                await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
                return;
            }
        }

        using var registration = subscription;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        using var timer = new CancellationTokenSource(TimeSpan.FromSeconds(seconds), time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(end.Token, timer.Token);
        context.Response.ContentType = "application/json";
        await context.Response.StartAsync(context.RequestAborted);
        var table = TableView.Asked(context, path.Kind, time);
        foreach (var item in snapshot.Where(item => filter.Matches(item)))
        {
            await WriteAsync(context, "ADDED", table, path.Kind, item);
        }

        if (asksInitial == "true" && bookmarks)
        {
            await BookmarkAsync(context, path.Kind, last, initialEnd: true);
        }

        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        try
        {
            last = await StreamAsync(context, path.Kind, filter, table, channel.Reader, bookmarks, last, ended.Token);
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !end.IsCancellationRequested)
        {
            if (bookmarks)
            {
                await BookmarkAsync(context, path.Kind, Math.Max(last, filter.LastSent), initialEnd: false);
                await context.Response.BodyWriter.FlushAsync(end.Token);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The cluster stops: the stream ends, the client begins anew.
        }
    }

    private async Task<long> StreamAsync(
        HttpContext context, ResourceKind kind, Filter filter, TableView? table, ChannelReader<StoreChange> changes, bool bookmarks, long last, CancellationToken cancellation)
    {
        var nextBookmark = Task.Delay(BookmarkEvery, time, cancellation);
        while (true)
        {
            var more = changes.WaitToReadAsync(cancellation).AsTask();
            if (await Task.WhenAny(more, nextBookmark) == nextBookmark)
            {
                await nextBookmark;
                touch();
                if (bookmarks)
                {
                    await BookmarkAsync(context, kind, Math.Max(last, filter.LastSent), initialEnd: false);
                    await context.Response.BodyWriter.FlushAsync(cancellation);
                }

                nextBookmark = Task.Delay(BookmarkEvery, time, cancellation);
            }

            if (!await more)
            {
                return last;
            }

            while (changes.TryRead(out var change))
            {
                last = change.Version;
                if (filter.TypeFor(change) is { } type)
                {
                    await WriteAsync(context, type, table, kind, change.Object);
                }

                filter.LastSent = last;
            }

            touch();
            await context.Response.BodyWriter.FlushAsync(cancellation);
        }
    }

    private static Task BookmarkAsync(HttpContext context, ResourceKind kind, long version, bool initialEnd)
    {
        var metadata = new JsonObject { ["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture), ["creationTimestamp"] = null };
        if (initialEnd)
        {
            metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        }

        var mark = new JsonObject { ["kind"] = kind.Kind, ["apiVersion"] = kind.ApiVersion, ["metadata"] = metadata };
        return WriteAsync(context, "BOOKMARK", KubeJson.Serialize(mark));
    }

    private static Task WriteAsync(HttpContext context, string type, TableView? table, ResourceKind kind, StoredObject item) =>
        WriteAsync(context, type, table is null ? VersionView.Of(item, kind) : KubeJson.Serialize(table.Of(item.Json)));

    /// <summary>Gathers lines that come together; what has gathered is flushed before it grows large, the rest by the caller.</summary>
    private static async Task WriteAsync(HttpContext context, string type, byte[] bytes)
    {
        var body = context.Response.BodyWriter;
        body.Write(Encoding.ASCII.GetBytes($"{{\"type\":\"{type}\",\"object\":"));
        body.Write(bytes);
        body.Write("}\n"u8);
        if (body.UnflushedBytes > FlushAfter)
        {
            await body.FlushAsync(context.RequestAborted);
        }
    }

    private sealed class Filter(ApiPath path, LabelSelector labels, FieldSelector fields)
    {
        public long LastSent { get; set; }

        public bool Concerns(StoreChange change) =>
            change.Object.Key.Kind == path.Kind && (path.Namespace.Length == 0 || change.Object.Namespace == path.Namespace) && (path.Name.Length == 0 || change.Object.Name == path.Name);

        public bool Matches(StoredObject item) =>
            (path.Name.Length == 0 || item.Name == path.Name) && labels.Matches(item) && fields.Matches(item);

        /// <summary>How the change looks through the selectors: an object that begins to match is added, one that ceases to is deleted.</summary>
        public string? TypeFor(StoreChange change)
        {
            var before = change.Before is not null && change.Type != ChangeType.Added && Matches(change.Before);
            var now = change.Type != ChangeType.Deleted && Matches(change.Object);
            return (before, now) switch
            {
                (true, true) => "MODIFIED",
                (false, true) => "ADDED",
                (true, false) => "DELETED",
                _ => null,
            };
        }
    }
}
