using Preheat;
using Preheat.Kubernetes;
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

    /// <summary>Checks that there is a place to serve in, as far as this machine knows.</summary>
    public void CheckPlace()
    {
        if (Deployment is { HasOwnRegistry: true, KubeContext: null, Repository: var repository })
            throw new UserException($"--repository {repository}: the embedded cluster pulls from the embedded registry only. Name the cluster that is to serve with --kube-context, or run BakeImage alone.");
        if (Deployment.KubeContext is not null)
            KubeContexts.Check(Map(null));
    }

    private async Task<CloudEndpoints> ConnectAsync()
    {
        // A cluster, a registry and a model of the user's own leave nothing for the embedded cloud to do.
        if (Deployment is { KubeContext: not null, Model.IsEmbedded: false })
            return Map(null);
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

    // Docker Hub's images, and those of other registries that the embedded one has stand-ins for.
    private Dictionary<string, Uri> Embedded(Uri registry)
    {
        var hosts = new List<string> { Deployment.RegistryHost, "docker.io" };
        hosts.AddRange(LocalCloud.StandInHosts(Deployment.BaseImage));
        return hosts.ToDictionary(host => host, _ => registry, StringComparer.OrdinalIgnoreCase);
    }

    private CloudEndpoints Map(LocalEndpoint? cloud) => new()
    {
        Hub = ((IHazCloud)_build).HubAddress,
        EmbeddedHub = cloud is null ? null : new Uri(cloud.Gateway, "hub/"),
        // What goes to a registry of the user's own is made of the real parts, not of the embedded registry's stand-ins.
        Registries = cloud is null || Deployment.HasOwnRegistry ? [] : Embedded(cloud.Registry),
        InsecureRegistries = ((IBakeImage)_build).ImageBuild.InsecureRegistries,
        Kubeconfig = Deployment.KubeContext is null ? cloud?.Kubeconfig : null,
        KubeContext = Deployment.KubeContext ?? "preheat-local",
        TimeScale = Deployment.KubeContext is null ? cloud?.TimeScale : null,
        DryRun = DryRun,
    };
}
