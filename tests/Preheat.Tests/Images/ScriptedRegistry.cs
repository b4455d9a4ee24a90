using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Preheat.Images;
using Preheat.Tests.Load;

namespace Preheat.Tests.Images;

/// <summary>A registry on loopback that keeps blobs and manifests in memory, without a referrers API, until a test's script answers in its place.</summary>
internal sealed class ScriptedRegistry : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, MemoryStream> _uploads = new();
    private readonly Func<HttpContext, Task<bool>> _script;
    private LoadServer _server = null!;
    private int _opened;

    private ScriptedRegistry(Func<HttpContext, Task<bool>> script) => _script = script;

    public Uri Address => _server.Address;

    /// <summary>METHOD and path of every request, in order.</summary>
    public ConcurrentQueue<string> Log { get; } = new();

    /// <summary>Content by digest.</summary>
    public ConcurrentDictionary<string, byte[]> Blobs { get; } = new();

    /// <summary>Manifest and its type by tag and by digest.</summary>
    public ConcurrentDictionary<string, (string Type, byte[] Bytes)> Manifests { get; } = new();

    /// <summary>Uploads that are open.</summary>
    public int Open => _uploads.Count;

    /// <param name="script">Answers first; false leaves the request to the registry.</param>
    public static async Task<ScriptedRegistry> StartAsync(Func<HttpContext, Task<bool>>? script = null)
    {
        var registry = new ScriptedRegistry(script ?? (_ => Task.FromResult(false)));
        registry._server = await LoadServer.StartAsync(registry.AnswerAsync);
        return registry;
    }

    /// <summary>As the other, with a script that needs no waiting.</summary>
    public static Task<ScriptedRegistry> StartAsync(Func<HttpContext, bool> script) => StartAsync(context => Task.FromResult(script(context)));

    public RegistryClient Client(IRegistryCredentials? credentials = null, RecordedEvents? events = null, TimeProvider? time = null) => new(
        "reg.example",
        new CloudEndpoints { Hub = Address, Registries = new Dictionary<string, Uri> { ["reg.example"] = Address } },
        time ?? TimeProvider.System,
        credentials ?? new DockerConfigCredentials(TimeProvider.System, "/nonexistent/config.json"),
        events);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        Log.Enqueue($"{request.Method} {request.Path}");
        if (await _script(context))
            return;
        var last = request.Path.Value!.Split('/')[^1];
        response.StatusCode = (request.Method, Kind(request.Path)) switch
        {
            ("POST", "uploads") => OpenUpload(response),
            ("PATCH", "up") => await ReceiveAsync(request, last),
            ("PUT", "up") => await CommitAsync(request, last),
            ("DELETE", "up") => _uploads.TryRemove(last, out _) ? 204 : 404,
            ("PUT", "manifests") => await PutAsync(request, last),
            _ => 0,
        };
        if (response.StatusCode == 202 && response.Headers.Location.Count == 0)
            response.Headers.Location = $"/up/{last}?state=next";
        if (response.StatusCode == 0)
            await SendAsync(context, last);
    }

    private static string Kind(string path) => path.StartsWith("/up/", StringComparison.Ordinal) ? "up" : path.TrimEnd('/').Split('/') is [.., var kind, _] && !path.EndsWith('/') ? kind : "uploads";

    private int OpenUpload(HttpResponse response)
    {
        var id = $"{Interlocked.Increment(ref _opened)}";
        _uploads[id] = new MemoryStream();
        response.Headers.Location = $"/up/{id}?state=new";
        return 202;
    }

    private async Task<int> ReceiveAsync(HttpRequest request, string id)
    {
        if (!_uploads.TryGetValue(id, out var upload))
            return 404;
        await request.Body.CopyToAsync(upload);
        return 202;
    }

    private async Task<int> CommitAsync(HttpRequest request, string id)
    {
        if (await ReceiveAsync(request, id) == 404 || !_uploads.TryRemove(id, out var upload))
            return 404;
        var digest = Digest.Of(upload.ToArray()).ToString();
        if (digest != request.Query["digest"])
            return 400;
        Blobs[digest] = upload.ToArray();
        return 201;
    }

    private async Task<int> PutAsync(HttpRequest request, string reference)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        Manifests[reference] = Manifests[Digest.Of(body.ToArray()).ToString()] = (request.ContentType!, body.ToArray());
        return 201;
    }

    private Task SendAsync(HttpContext context, string reference)
    {
        var found = Kind(context.Request.Path) switch
        {
            "manifests" when Manifests.TryGetValue(reference, out var manifest) => manifest,
            "blobs" when Blobs.TryGetValue(reference, out var blob) => ("application/octet-stream", blob),
            _ => default,
        };
        context.Response.StatusCode = found.Item2 is null ? 404 : 200;
        if (found.Item2 is null)
            return Task.CompletedTask;
        context.Response.ContentType = found.Item1;
        context.Response.ContentLength = found.Item2.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(found.Item2).AsTask();
    }
}
