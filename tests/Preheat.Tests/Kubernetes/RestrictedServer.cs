using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Preheat.Kubernetes;

namespace Preheat.Tests.Kubernetes;

/// <summary>Another API server in front, whose user has not all rights: what it denies is answered as Kubernetes' RBAC authorizer does, all else passed on.</summary>
internal sealed class RestrictedServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _behind;
    private readonly CloudEndpoints _endpoints;
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"preheat-restricted-{Guid.NewGuid():N}");

    private RestrictedServer(WebApplication app, CloudEndpoints endpoints)
    {
        _app = app;
        _endpoints = endpoints;
        _behind = ClusterTransport.Create(Kubeconfig.Resolve(endpoints), TimeProvider.System, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Says of a method and path whether the user lacks the right.</summary>
    public Func<string, string, bool> Denies { get; set; } = (_, _) => false;

    public ConcurrentQueue<string> Denied { get; } = new();

    /// <summary>Says of a method and path what goes wrong on the way.</summary>
    public Func<string, string, WayFault> Fails { get; set; } = (_, _) => WayFault.None;

    /// <summary>Method and path of each request, also of those that were denied or failed.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public CloudEndpoints Endpoints => _endpoints with { Kubeconfig = _file, KubeContext = null! };

    public static async Task<RestrictedServer> StartAsync(CloudEndpoints endpoints)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0));
        var server = new RestrictedServer(builder.Build(), endpoints);
        server._app.Run(server.PassOnAsync);
        await server._app.StartAsync();
        await File.WriteAllTextAsync(server._file, $$"""
            current-context: restricted
            contexts: [{ name: restricted, context: { cluster: c, user: u } }]
            clusters: [{ name: c, cluster: { server: "{{server._app.Urls.Single()}}" } }]
            users: [{ name: u, user: { } }]
            """);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _behind.Dispose();
        File.Delete(_file);
    }

    private async Task PassOnAsync(HttpContext context)
    {
        var (method, path) = (context.Request.Method, context.Request.Path.Value!);
        Requests.Enqueue($"{method} {path}");
        var fault = Fails(method, path);
        if (fault is WayFault.NoAnswer)
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        if (fault is WayFault.NoAnswer or WayFault.Cut)
        {
            context.Abort();
            return;
        }
        if (fault is WayFault.Stranger)
        {
            await context.Response.WriteAsync("<html>Welcome!</html>");
            return;
        }
        if (Denies(method, path))
        {
            Denied.Enqueue($"{method} {path}");
            await ScriptedApiServer.JsonAsync(context, $$"""{"kind":"Status","status":"Failure","reason":"Forbidden","message":"forbidden: User \"u\" cannot {{method}} {{path}}","code":403}""", 403);
            return;
        }
        using var request = new HttpRequestMessage(new(method), path[1..] + context.Request.QueryString);
        if (context.Request.ContentLength > 0)
        {
            request.Content = new StreamContent(context.Request.Body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", context.Request.ContentType);
        }
        request.Headers.TryAddWithoutValidation("Accept", context.Request.Headers.Accept.ToString());
        try
        {
            using var response = await _behind.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
            if (fault is WayFault.LostAnswer)
            {
                context.Abort();
                return;
            }
            context.Response.StatusCode = (int)response.StatusCode;
            context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
            await context.Response.Body.FlushAsync();
            await using var body = await response.Content.ReadAsStreamAsync(context.RequestAborted);
            var buffer = new byte[16 * 1024];
            int count;
            while ((count = await body.ReadAsync(buffer, context.RequestAborted)) > 0)
            {
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, count), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or HttpRequestException or IOException)
        {
            context.Abort();
        }
    }
}

/// <summary>What goes wrong between a client and its API server.</summary>
internal enum WayFault
{
    None,

    /// <summary>The connection ends before the server gets the request.</summary>
    Cut,

    /// <summary>The server does what is asked, and the connection ends before its answer.</summary>
    LostAnswer,

    /// <summary>The server does not get the request, and the connection stays.</summary>
    NoAnswer,

    /// <summary>Something in between answers in the server's place, and with a page.</summary>
    Stranger,
}
