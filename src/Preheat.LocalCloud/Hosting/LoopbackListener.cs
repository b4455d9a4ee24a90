using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Preheat.LocalCloud.Hosting;

/// <summary>One plain http listener on 127.0.0.1 in front of one request delegate.</summary>
/// <remarks>An empty builder: it reads no configuration or environment, registers no signal handler and logs nothing, and so starts fast.</remarks>
internal sealed class LoopbackListener : IAsyncDisposable
{
    private readonly WebApplication _application;

    private LoopbackListener(WebApplication application, Uri address)
    {
        _application = application;
        Address = address;
    }

    /// <summary><c>http://127.0.0.1:PORT/</c></summary>
    public Uri Address { get; }

    /// <exception cref="AddressInUseException">Another program holds the port (inside the exception that Kestrel throws).</exception>
    public static async Task<LoopbackListener> StartAsync(int port, RequestDelegate handler, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.Listen(IPAddress.Loopback, port);
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = null; // blobs are as large as models
            options.Limits.MinRequestBodyDataRate = null; // a baker that waits for its source is not an attacker
            options.Limits.MinResponseDataRate = null;
            options.Limits.MaxRequestBufferSize = 4 << 20;
        });
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(2));
        var application = builder.Build();
        application.Run(handler);
        try
        {
            await application.StartAsync(cancellation);
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }

        return new LoopbackListener(application, new Uri($"http://127.0.0.1:{port}/"));
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }

    /// <summary>Signals belong to the process, not to a listener.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
