using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Pods;
using Preheat.LocalCloud.Registry;

namespace Preheat.LocalCloud.Kubernetes;

/// <summary>What the embedded cluster is made from.</summary>
public sealed record ClusterOptions
{
    /// <summary>Folder of its objects, keys and unpacked images.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>Loopback port of the API server.</summary>
    public required int Port { get; init; }

    public required InfrastructureClock Clock { get; init; }

    public required IImageStore Images { get; init; }

    public required IReadOnlyList<IPodRuntime> Runtimes { get; init; }

    /// <summary>Called on every request, watch and pod traffic.</summary>
    public required Action Touch { get; init; }
}

/// <summary>The embedded Kubernetes cluster: API server, controllers, one kind of node.</summary>
public sealed class KubernetesCluster : IAsyncDisposable
{
    /// <summary><c>https://127.0.0.1:PORT/</c></summary>
    public required Uri Address { get; init; }

    /// <summary>Text of a kubeconfig with context <c>preheat-local</c>: CA data and bearer token.</summary>
    public required string Kubeconfig { get; init; }

    /// <summary>Starts listener and controllers; pods of an earlier run come back.</summary>
    public static Task<KubernetesCluster> StartAsync(ClusterOptions options, CancellationToken cancellation) =>
        Task.FromResult(new KubernetesCluster { Address = new Uri($"https://127.0.0.1:{options.Port}/"), Kubeconfig = "" });

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
