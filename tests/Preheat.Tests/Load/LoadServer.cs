using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Preheat.Tests.Load;

/// <summary>A real server on a free loopback port that answers as a test says.</summary>
internal sealed class LoadServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _requests;

    private LoadServer(WebApplication app, HttpClient client)
    {
        _app = app;
        Client = client;
    }

    public HttpClient Client { get; }

    public Uri Address => Client.BaseAddress!;

    public int Requests => Volatile.Read(ref _requests);

    /// <param name="answer">Answers every request.</param>
    /// <param name="basePath">Path below which the endpoint lies, as behind a service proxy.</param>
    public static async Task<LoadServer> StartAsync(Func<HttpContext, Task> answer, string basePath = "/")
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        LoadServer? server = null;
        app.Run(context =>
        {
            Interlocked.Increment(ref server!._requests);
            return answer(context);
        });
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        server = new LoadServer(app, new HttpClient { BaseAddress = new Uri(address + basePath), Timeout = Timeout.InfiniteTimeSpan });
        return server;
    }

    /// <summary>A server whose answers are streams made of these pieces, each flushed on its own.</summary>
    public static Task<LoadServer> StreamAsync(params string[] pieces) => StreamAsync([.. pieces.Select(Encoding.UTF8.GetBytes)]);

    public static Task<LoadServer> StreamAsync(byte[][] pieces) => StartAsync(async context =>
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        foreach (var piece in pieces)
        {
            await context.Response.Body.WriteAsync(piece);
            await context.Response.Body.FlushAsync();
        }
    });

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
