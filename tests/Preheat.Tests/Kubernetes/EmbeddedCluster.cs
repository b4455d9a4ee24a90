using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes;
using Preheat.LocalCloud.Pods;
using Preheat.LocalCloud.Registry;

namespace Preheat.Tests.Kubernetes;

/// <summary>The embedded cluster with its own state and port, whose containers are small HTTP servers of the test.</summary>
internal sealed class EmbeddedCluster : IAsyncDisposable, IImageStore, IPodRuntime
{
    private readonly string _state = Directory.CreateTempSubdirectory("preheat-cluster-").FullName;
    private KubernetesCluster _cluster = null!;

    /// <summary>Images that the registry has.</summary>
    public ConcurrentDictionary<string, bool> Images { get; } = new(StringComparer.Ordinal);

    /// <summary>When not null, containers log this line and end with exit code 1.</summary>
    public string? CrashWith { get; set; }

    /// <summary>Only containers of this image crash; null lets all.</summary>
    public string? CrashImage { get; set; }

    public CloudEndpoints Endpoints => new() { Hub = new Uri("http://127.0.0.1:1/"), Kubeconfig = Path.Combine(_state, "kubeconfig"), TimeScale = 1000 };

    public static async Task<EmbeddedCluster> StartAsync()
    {
        var embedded = new EmbeddedCluster();
        embedded._cluster = await KubernetesCluster.StartAsync(
            new ClusterOptions
            {
                StateDirectory = Path.Combine(embedded._state, "cluster"),
                Port = 0,
                Clock = new InfrastructureClock(TimeProvider.System, 1000),
                Images = embedded,
                Runtimes = [embedded],
                Touch = () => { },
            },
            default);
        await File.WriteAllTextAsync(embedded.Endpoints.Kubeconfig!, embedded._cluster.Kubeconfig);
        return embedded;
    }

    public StoredImage? Find(string reference) =>
        Images.ContainsKey(reference) ? new(reference, reference.Split('@')[^1], new ImageConfig(["python3"], [], [$"IMAGE={reference}"], "/", ""), []) : null;

    public bool Accepts(IReadOnlyList<string> argv) => true;

    public async Task<IRunningContainer> StartAsync(ContainerStart start, CancellationToken cancellation)
    {
        start.Log("[preheat] phase=weights simulated_seconds=12.500 seconds=0.010");
        if (CrashWith is not { } line || (CrashImage is not null && start.Environment.GetValueOrDefault("IMAGE") != CrashImage))
            return await Container.StartAsync(start);
        start.Log(line);
        return new Container(null, crashed: true);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        Directory.Delete(_state, recursive: true);
    }

    private sealed class Container : IRunningContainer
    {
        private readonly WebApplication? _app;
        private readonly TaskCompletionSource<int> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Container(WebApplication? app, bool crashed)
        {
            _app = app;
            if (crashed)
                _exit.SetResult(1);
        }

        public Task<int> Exited => _exit.Task;

        public static async Task<Container> StartAsync(ContainerStart start)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0));
            var app = builder.Build();
            app.Run(context => EchoOrNameAsync(context, start.Pod));
            await app.StartAsync();
            return new Container(app, crashed: false);
        }

        private static Task EchoOrNameAsync(HttpContext context, string pod)
        {
            if (context.Request.Path == "/v1/completions")
            {
                context.Response.ContentType = "text/event-stream";
                return context.Response.WriteAsync("data: {\"choices\":[{\"text\":\"Hi\",\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n");
            }
            if (context.Request.Path != "/echo")
                return context.Response.WriteAsync($"{context.Request.Path} by {pod}");
            context.Response.ContentLength = context.Request.ContentLength;
            return context.Request.Body.CopyToAsync(context.Response.Body);
        }

        public Uri? Address(int containerPort) => _app is null || containerPort != 8000 ? null : new Uri(_app.Urls.Single());

        public async Task StopAsync(TimeSpan grace)
        {
            if (_app is not null)
                await _app.StopAsync();
            _exit.TrySetResult(0);
        }

        public async ValueTask DisposeAsync()
        {
            if (_app is not null)
                await _app.DisposeAsync();
            _exit.TrySetResult(0);
        }
    }
}
