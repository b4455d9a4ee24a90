namespace Preheat.LocalCloud;

/// <summary>What <c>endpoint.json</c> says: where a running embedded cloud is. Written last, so that its presence means "ready".</summary>
public sealed record LocalEndpoint
{
    public required int Pid { get; init; }

    /// <summary>Start time of the process, so that a reused pid is told apart.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Hash over the binaries that run.</summary>
    public required string BuildHash { get; init; }

    public required double TimeScale { get; init; }

    /// <summary><c>http://127.0.0.1:PORT/</c>, serves <c>/v2/</c>.</summary>
    public required Uri Registry { get; init; }

    /// <summary><c>https://127.0.0.1:PORT/</c>, the Kubernetes API.</summary>
    public required Uri Kubernetes { get; init; }

    /// <summary><c>http://127.0.0.1:PORT/</c>; the model hub is under <c>/hub/</c>.</summary>
    public required Uri Gateway { get; init; }

    /// <summary>Bearer token of the admin calls (stop, faults).</summary>
    public required string AdminToken { get; init; }

    /// <summary>Path of the kubeconfig, context <c>preheat-local</c>.</summary>
    public required string Kubeconfig { get; init; }
}
