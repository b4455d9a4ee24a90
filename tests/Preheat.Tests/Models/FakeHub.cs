using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Preheat.Tests.Load;

namespace Preheat.Tests.Models;

/// <summary>A small hub on loopback: one repository, pages, redirects to a storage on another port, and a script of faults.</summary>
internal sealed class FakeHub : IAsyncDisposable
{
    public const string Id = "acme/sample";
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly SortedDictionary<string, byte[]> _files;
    private LoadServer _hub = null!;
    private LoadServer _storage = null!;

    private FakeHub(SortedDictionary<string, byte[]> files) => _files = files;

    public Uri Address => new(_hub.Address, "hub");

    /// <summary>Method, path and query, and whether a token came along: <c>GET /hub/… token</c>.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public ConcurrentQueue<string> StorageRequests { get; } = new();

    /// <summary>Runs first; true means that it has answered.</summary>
    public Func<HttpContext, Task<bool>> Fault { get; set; } = _ => Task.FromResult(false);

    /// <summary>As <see cref="Fault"/>, at the storage that downloads are redirected to.</summary>
    public Func<HttpContext, Task<bool>> StorageFault { get; set; } = _ => Task.FromResult(false);

    public SortedDictionary<string, byte[]> Files => _files;

    public static async Task<FakeHub> StartAsync(SortedDictionary<string, byte[]>? files = null)
    {
        var hub = new FakeHub(files ?? SampleModel.Files());
        hub._hub = await LoadServer.StartAsync(hub.AnswerAsync);
        hub._storage = await LoadServer.StartAsync(hub.AnswerFromStorageAsync);
        return hub;
    }

    public CloudEndpoints Endpoints => new() { Hub = Address };

    /// <summary>A fault that refuses everything as the hub does.</summary>
    public void Refuse(int status, string? code, string? message = null) => Fault = context =>
    {
        context.Response.StatusCode = status;
        if (code is not null)
            context.Response.Headers["X-Error-Code"] = code;
        if (message is not null)
            context.Response.Headers["X-Error-Message"] = message;
        return Task.FromResult(true);
    };

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        await _storage.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        Requests.Enqueue(Line(context));
        if (await Fault(context))
            return;
        var path = context.Request.Path.Value!;
        if (path == $"/hub/api/models/{Id}/revision/main")
            await WriteAsync(context, new { id = Id, sha = Commit, cardData = new { license = "apache-2.0" } });
        else if (path == $"/hub/api/models/{Id}/tree/{Commit}")
            await TreeAsync(context);
        else if (path.StartsWith($"/hub/{Id}/resolve/{Commit}/", StringComparison.Ordinal))
            Resolve(context, path[$"/hub/{Id}/resolve/{Commit}/".Length..]);
        else
            context.Response.StatusCode = 404;
    }

    private async Task TreeAsync(HttpContext context)
    {
        const int page = 5;
        var start = int.Parse(context.Request.Query["cursor"].FirstOrDefault() ?? "0", CultureInfo.InvariantCulture);
        if (start + page < _files.Count)
            context.Response.Headers.Link = $"<{context.Request.GetEncodedUrl().Split('?')[0]}?recursive=true&cursor={start + page}>; rel=\"next\"";
        await WriteAsync(context, _files.Skip(start).Take(page).Select(file => IsLarge(file.Value)
            ? (object)new { type = "file", oid = SampleModel.GitBlobId([1]), size = 130, path = file.Key, lfs = new { oid = SampleModel.Sha256(file.Value), size = file.Value.Length, pointerSize = 130 } }
            : new { type = "file", oid = SampleModel.GitBlobId(file.Value), size = file.Value.Length, path = file.Key }).Prepend(new { type = "directory", oid = "0", size = 0, path = "original" }));
    }

    private void Resolve(HttpContext context, string path)
    {
        if (!_files.ContainsKey(path))
        {
            context.Response.StatusCode = 404;
            context.Response.Headers["X-Error-Code"] = "EntryNotFound";
            return;
        }
        // Large files are behind a redirect to storage, as on the real hub.
        context.Response.Redirect(new Uri(_storage.Address, "blob/" + path).AbsoluteUri);
    }

    private async Task AnswerFromStorageAsync(HttpContext context)
    {
        StorageRequests.Enqueue(Line(context));
        if (await StorageFault(context))
            return;
        var bytes = _files[context.Request.Path.Value!["/blob/".Length..]];
        await Results.File(bytes, "application/octet-stream", enableRangeProcessing: true).ExecuteAsync(context);
    }

    private static bool IsLarge(byte[] bytes) => bytes.Length > 100_000;

    private static string Line(HttpContext context) =>
        $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}{(context.Request.Headers.Authorization.Count > 0 ? " token" : "")}";

    private static Task WriteAsync(HttpContext context, object body)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(JsonSerializer.Serialize(body));
    }
}
