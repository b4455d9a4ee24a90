using Preheat.ClusterTests.Servers;
using Preheat.Kubernetes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes;
using Preheat.LocalCloud.Pods;
using Preheat.LocalCloud.Registry;

namespace Preheat.ClusterTests.Differential;

/// <summary>The embedded cluster, without images or programs: nothing runs in it.</summary>
internal sealed class EmbeddedServer : IAsyncDisposable, IImageStore
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("preheat-embedded-");
    private KubernetesCluster _cluster = null!;

    public RawApi Api { get; private set; } = null!;

    public static async Task<EmbeddedServer> StartAsync()
    {
        var server = new EmbeddedServer();
        var state = Path.Combine(server._folder.FullName, "cluster");
        server._cluster = await KubernetesCluster.StartAsync(
            new ClusterOptions { StateDirectory = state, Port = 0, Clock = new InfrastructureClock(TimeProvider.System, 120), Images = server, Runtimes = [], Touch = () => { } },
            default);
        var kubeconfig = Path.Combine(server._folder.FullName, "kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, server._cluster.Kubeconfig);
        var context = Kubeconfig.Resolve([kubeconfig], contextName: null);
        server.Api = new(context.Server, Path.Combine(state, "keys", "ca.crt"), context.User.Token!.Reveal());
        return server;
    }

    public StoredImage? Find(string reference) => null;

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        await _cluster.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
