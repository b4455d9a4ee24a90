using Preheat;
using Preheat.LocalCloud;
using Preheat.Runs;

/// <summary>Where the services are.</summary>
sealed partial class Session
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private CloudEndpoints? _endpoints;

    /// <summary>Where the services are; starts the embedded cloud when it is needed and does not run.</summary>
    public async Task<CloudEndpoints> EndpointsAsync()
    {
        await _gate.WaitAsync(Interrupt.Token);
        try
        {
            return _endpoints ??= await ConnectAsync();
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<CloudEndpoints> ConnectAsync()
    {
        var options = ((IHazCloud)_build).CloudOptions;
        if (DryRun is null)
            return Map(await LocalCloud.EnsureRunningAsync(options, line => Events.Emit(new Note(line)), Interrupt.Token));
        if (LocalCloud.Find(options.StateDirectory) is not { } running)
        {
            Events.Emit(new Note($"would start the embedded cloud in {options.StateDirectory}"));
            throw DryRun.Undecided();
        }
        if (LocalCloud.Difference(running, options) is { } difference)
            Events.Emit(new Note($"would restart the embedded cloud, since {difference}"));
        return Map(running);
    }

    private CloudEndpoints Map(LocalEndpoint cloud) => new()
    {
        Hub = ((IHazCloud)_build).HubAddress,
        EmbeddedHub = new Uri(cloud.Gateway, "hub/"),
        Registries = new Dictionary<string, Uri>(StringComparer.OrdinalIgnoreCase)
        {
            [Deployment.RegistryHost] = cloud.Registry,
            ["docker.io"] = cloud.Registry,
        },
        Kubeconfig = cloud.Kubeconfig,
        KubeContext = "preheat-local",
        TimeScale = cloud.TimeScale,
        DryRun = DryRun,
    };
}
