using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Access;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Autoscaling;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Definitions;
using Preheat.LocalCloud.Kubernetes.Metrics;
using Preheat.LocalCloud.Kubernetes.PortForwarding;
using Preheat.LocalCloud.Kubernetes.Storage;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;
using Preheat.LocalCloud.Pods;
using Preheat.LocalCloud.Registry;

namespace Preheat.LocalCloud.Kubernetes;

/// <summary>What the embedded cluster is made from.</summary>
public sealed record ClusterOptions
{
    /// <summary>Folder of its objects, keys and unpacked images.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>Loopback port of the API server; 0 takes a free one.</summary>
    public required int Port { get; init; }

    public required InfrastructureClock Clock { get; init; }

    public required IImageStore Images { get; init; }

    public required IReadOnlyList<IPodRuntime> Runtimes { get; init; }

    /// <summary>Called on every request, watch and pod traffic.</summary>
    public required Action Touch { get; init; }

    /// <summary>Told the method of every request to the API server.</summary>
    public Action<string> Requested { get; init; } = static _ => { };
}

/// <summary>The embedded Kubernetes cluster: API server, controllers, one kind of node.</summary>
public sealed class KubernetesCluster : IAsyncDisposable
{
    private readonly ClusterParts _parts;

    private KubernetesCluster(ClusterParts parts) => _parts = parts;

    /// <summary><c>https://127.0.0.1:PORT/</c></summary>
    public required Uri Address { get; init; }

    /// <summary>Text of a kubeconfig with context <c>preheat-local</c>: CA data and bearer token.</summary>
    public required string Kubeconfig { get; init; }

    /// <summary>Starts listener and controllers; pods of an earlier run come back. <see cref="IOException"/> when the port is taken.</summary>
    public static async Task<KubernetesCluster> StartAsync(ClusterOptions options, CancellationToken cancellation)
    {
        var identity = ClusterIdentity.LoadOrCreate(Path.Combine(options.StateDirectory, "keys"), options.Clock.Time);
        var parts = new ClusterParts(options, identity);
        try
        {
            var address = await parts.StartAsync(cancellation);
            return new KubernetesCluster(parts) { Address = address, Kubeconfig = identity.Kubeconfig(address) };
        }
        catch
        {
            await parts.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops listener, controllers and containers; the objects stay in the state folder.</summary>
    public ValueTask DisposeAsync() => _parts.DisposeAsync();
}

/// <summary>The parts of a cluster, put together.</summary>
internal sealed class ClusterParts : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly IReadOnlyList<JsonObject> _definitions;
    private readonly TimeProvider _time;
    private readonly ObjectStore _store;
    private readonly ServiceProxy _proxy;
    private readonly ApiListener _listener;
    private readonly Kubelet _kubelet;
    private readonly LoadBalancers _balancers;
    private readonly HttpClient _probes = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, ActivityHeadersPropagator = null })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private readonly List<Controller> _controllers;
    private Task _running = Task.CompletedTask;

    public ClusterParts(ClusterOptions options, ClusterIdentity identity)
    {
        var (clock, time) = (options.Clock, options.Clock.Time);
        _time = time;
        var kinds = new KindCatalog();
        _definitions = PreinstalledDefinitions.Read(time.GetUtcNow());
        foreach (var definition in _definitions)
        {
            kinds.Hear(PreinstalledDefinitions.KeyOf(definition), definition);
        }

        _store = new ObjectStore(new Journal(Path.Combine(options.StateDirectory, "objects")), time, kinds);
        var folder = Path.Combine(options.StateDirectory, "pods");
        var disks = new DiskFolders(Path.Combine(options.StateDirectory, "disks"));
        var (events, network, routes, deletion, overrun) = (new EventRecorder(_store, time), new PodNetwork(), new ServiceRoutes(), new Deletion(_store, time), new Overrun());
        _kubelet = new Kubelet(new NodeServices(
            _store, clock, events, network, new ImagePuller(options.Images, _store, clock, events, overrun, Path.Combine(folder, "roots")),
            new PodVolumes(_store, new VolumeAttachments(_store, events, disks), Path.Combine(folder, "volumes")), options.Runtimes, _probes, options.Touch));
        var (writer, metrics) = (new ObjectWriter(_store, time), new MetricStore(clock));
        var (reader, pages, usage) = (new MetricReader(metrics, _store), new MetricPages(network, _probes), new ResourceMetrics());
        _balancers = new LoadBalancers(_store, clock, events, routes, network, options.Touch);
        var pods = new PodFactory(_store, events, deletion);
        _controllers =
        [
            new DeploymentController(_store, clock, events, deletion, overrun),
            new ReplicaSetController(_store, clock, pods),
            new JobController(_store, clock, events, pods, deletion, overrun),
            new QuotaController(_store, clock),
            new DisruptionController(_store, clock),
            _balancers,
            new Scheduler(_store, clock, events),
            new ClaimController(_store, clock, events, new VolumeProvisioner(_store, clock, events)),
            new VolumeController(_store, clock, events, disks),
            new EndpointsController(_store, clock, routes),
            new GarbageCollector(_store, clock, deletion),
            new NamespaceController(_store, clock),
            new DefinitionController(_store, clock, deletion),
            new MetricScraper(_store, clock, pages, metrics),
            new NativeMetricReader(_store, clock, pages, metrics),
            new AcceleratorSampler(_store, clock, network, metrics),
            new ResourceSampler(_store, clock, network, usage),
            new AutoscalerController(_store, clock, events, writer, reader, usage),
            _kubelet,
        ];
        _proxy = new ServiceProxy(_store, routes, network, options.Touch);
        var server = new ApiServer(
            identity.Token, options.Touch, kinds, new SelfDescription(kinds, new AggregatedApis(reader)), new ResourceEndpoint(_store, writer, deletion, time),
            new WatchEndpoint(_store, time, options.Touch, _stopping.Token), new LogEndpoint(_store, network, options.Touch, _stopping.Token),
            new PortForwardEndpoint(_store, network, options.Touch, _stopping.Token), _proxy, new MetricsAdapter(reader, _store), new MetricsServer(usage, _store), new Evictions(_store, deletion),
            new Reviews(new RoleRules(_store), identity.Token));
        _listener = new ApiListener(
            context =>
            {
                // The API server's own dry run changes nothing, whatever its method.
                options.Requested(context.Request.Query["dryRun"] == "All" ? $"{context.Request.Method} (dry run)" : context.Request.Method);
                return server.HandleAsync(context);
            },
            identity.Server, options.Port);
    }

    public async Task<Uri> StartAsync(CancellationToken cancellation)
    {
        PreinstalledDefinitions.Install(_store, _definitions);
        PreinstalledObjects.Install(_store, _time.GetUtcNow());

        // The port first: when it is taken, nothing has been started.
        var address = await _listener.StartAsync(cancellation);
        _running = Task.WhenAll(_controllers.Select(controller => Task.Run(() => controller.RunAsync(_stopping.Token), CancellationToken.None)));
        return address;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        await _listener.DisposeAsync();
        await _balancers.DisposeAsync();
        await _kubelet.DisposeAsync();
        _proxy.Dispose();
        _probes.Dispose();
        _store.Dispose();
        _stopping.Dispose();
    }
}
