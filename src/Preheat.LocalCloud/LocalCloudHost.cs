using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Faults;
using Preheat.LocalCloud.Hosting;
using Preheat.LocalCloud.Hub;
using Preheat.LocalCloud.Kubernetes;
using Preheat.LocalCloud.Pods;
using Preheat.LocalCloud.Registry;

namespace Preheat.LocalCloud;

/// <summary>The whole embedded cloud inside this process: registry, gateway with the hub, Kubernetes.</summary>
public sealed class LocalCloudHost : IAsyncDisposable
{
    private readonly Stack<Func<ValueTask>> _cleanup = new();
    private readonly TaskCompletionSource _stopRequested = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly RequestCounter _requests = new();
    private readonly Action<string> _log;

    private LocalCloudHost(LocalCloudOptions options, Action<string> log)
    {
        _log = log;
        Activity = new ActivityMonitor(options.Time);
        Faults = new FaultScript(options.Time);
        Hub = new ModelHub(Path.Combine(options.StateDirectory, "hub"));
    }

    /// <summary>Where it listens. <c>endpoint.json</c> is not written by this class: only a process of its own may be found by others.</summary>
    public LocalEndpoint Endpoint { get; private set; } = null!;

    /// <summary>When it was last used.</summary>
    public ActivityMonitor Activity { get; }

    /// <summary>What goes wrong on registry and gateway.</summary>
    public FaultScript Faults { get; }

    /// <summary>The model repositories.</summary>
    public ModelHub Hub { get; }

    /// <summary>The images that nodes find.</summary>
    public IImageStore Images { get; private set; } = null!;

    /// <summary>Completes when somebody has called <c>/admin/stop</c>; the owner then disposes.</summary>
    public Task StopRequested => _stopRequested.Task;

    /// <summary>Starts everything; returns when all three listeners answer.</summary>
    /// <exception cref="LocalCloudException">A port is taken (exit 2), or another cloud runs on the same state folder.</exception>
    public static Task<LocalCloudHost> StartAsync(LocalCloudOptions options, CancellationToken cancellation) => StartAsync(options, "in-process", static _ => { }, cancellation);

    public async ValueTask DisposeAsync()
    {
        while (_cleanup.TryPop(out var dispose))
        {
            await dispose();
        }
    }

    internal static async Task<LocalCloudHost> StartAsync(LocalCloudOptions options, string buildHash, Action<string> log, CancellationToken cancellation)
    {
        options = options with { StateDirectory = AtomicFile.CreateState(options.StateDirectory) };
        var host = new LocalCloudHost(options, log);
        try
        {
            await host.RunAsync(options, buildHash, cancellation);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    private async Task RunAsync(LocalCloudOptions options, string buildHash, CancellationToken cancellation)
    {
        var state = options.StateDirectory;
        var running = StateLock.TryTake(StateLock.Running(state))
            ?? throw new LocalCloudException($"Another embedded cloud runs on {state}. Stop it first, or use another folder (PREHEAT_STATE).", exitCode: 2);
        Own(running.Dispose);

        var ports = Ports.Choose(options);
        var registry = new EmbeddedRegistry(Path.Combine(state, "registry"), ports.Registry, options.Time, options.RegistryAuthentication);
        Own(registry.Dispose);
        Images = registry.Images;

        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var admin = new AdminEndpoints(token, buildHash, Faults, _requests, () => _stopRequested.TrySetResult());
        var registryListener = await ListenAsync("registry", ports.Registry, registry.HandleAsync, cancellation);
        var gatewayListener = await ListenAsync("gateway", ports.Gateway, Gateway(), cancellation, admin.HandleAsync);
        var cluster = await StartClusterAsync(options, ports.Kubernetes, cancellation);
        Own(cluster.DisposeAsync);
        ports.Save(state);

        var kubeconfig = Path.Combine(state, "kubeconfig");
        AtomicFile.Write(kubeconfig, Encoding.UTF8.GetBytes(cluster.Kubeconfig), AtomicFile.Private);
        using var process = Process.GetCurrentProcess();
        Endpoint = new LocalEndpoint
        {
            Pid = Environment.ProcessId,
            StartedAt = new DateTimeOffset(process.StartTime.ToUniversalTime()),
            BuildHash = buildHash,
            TimeScale = options.TimeScale ?? LocalCloudOptions.DefaultTimeScale,
            Registry = registryListener.Address,
            Kubernetes = cluster.Address,
            Gateway = gatewayListener.Address,
            AdminToken = token,
            Kubeconfig = kubeconfig,
        };
    }

    private RequestDelegate Gateway()
    {
        const string Prefix = "/hub";
        var hub = new HubEndpoints(Hub, Prefix);
        return context =>
        {
            if (context.Request.Path.StartsWithSegments(Prefix, StringComparison.Ordinal))
            {
                return hub.HandleAsync(context);
            }

            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        };
    }

    /// <summary>A mistake of ours must show: in the log, and to whoever asked.</summary>
    private RequestDelegate Report(RequestDelegate handler) => async context =>
    {
        try
        {
            await handler(context);
        }
        catch (Exception error) when (!context.RequestAborted.IsCancellationRequested && error is not BadHttpRequestException)
        {
            _log($"{context.Request.Method} {context.Request.Path}: {error}");
            if (context.Response.HasStarted)
            {
                context.Abort();
                return;
            }

            context.Response.Clear();
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            await context.Response.WriteAsync(error.ToString(), context.RequestAborted);
        }
    };

    /// <summary>Every request counts as use and meets the fault script; the admin calls meet neither a fault nor anything else in between.</summary>
    private async Task<LoopbackListener> ListenAsync(string name, int port, RequestDelegate handler, CancellationToken cancellation, RequestDelegate? admin = null)
    {
        var reported = Faults.Guard(Report(handler));
        Task Guarded(HttpContext context)
        {
            _requests.Count(name, context.Request.Method);
            return reported(context);
        }

        try
        {
            var listener = await LoopbackListener.StartAsync(
                port,
                context => Activity.UseAsync(() =>
                    admin is not null && context.Request.Path.StartsWithSegments("/admin", StringComparison.Ordinal) ? admin(context) : Guarded(context)),
                cancellation);
            Own(listener.DisposeAsync);
            return listener;
        }
        catch (IOException error) when (error.InnerException is AddressInUseException)
        {
            throw Ports.Taken(name, port, error);
        }
    }

    private async Task<KubernetesCluster> StartClusterAsync(LocalCloudOptions options, int port, CancellationToken cancellation)
    {
        try
        {
            return await KubernetesCluster.StartAsync(
                new ClusterOptions
                {
                    StateDirectory = Path.Combine(options.StateDirectory, "kubernetes"),
                    Port = port,
                    Clock = new InfrastructureClock(options.Time, options.TimeScale ?? LocalCloudOptions.DefaultTimeScale),
                    Images = Images,
                    Runtimes = [new LookAlikeRuntime(Hub)],
                    Touch = Activity.Touch,
                    Requested = method => _requests.Count("kubernetes", method),
                },
                cancellation);
        }
        catch (IOException error) when (error.InnerException is AddressInUseException)
        {
            throw Ports.Taken("Kubernetes API", port, error);
        }
    }

    private void Own(Func<ValueTask> dispose) => _cleanup.Push(dispose);

    private void Own(Action dispose) => _cleanup.Push(() =>
    {
        dispose();
        return ValueTask.CompletedTask;
    });
}
