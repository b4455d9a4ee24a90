namespace Preheat;

/// <summary>Where the services are. The embedded cloud and Google Cloud run the same code; only this record differs.</summary>
/// <remarks>Receipts and manifests hold logical hosts only; this record maps them to addresses and is never written down.</remarks>
public sealed record CloudEndpoints
{
    /// <summary>The public model hub (<c>HF_ENDPOINT</c>, default <c>https://huggingface.co</c>).</summary>
    public required Uri Hub { get; init; }

    /// <summary>The embedded cloud's hub, which serves the models named <c>preheat/…</c>; null with <c>--cloud google</c>.</summary>
    public Uri? EmbeddedHub { get; init; }

    /// <summary>Base addresses of logical registry hosts: <c>local-docker.pkg.dev</c> → <c>http://127.0.0.1:PORT/</c>. A host that is absent is reached at <c>https://HOST/</c>.</summary>
    public IReadOnlyDictionary<string, Uri> Registries { get; init; } = new Dictionary<string, Uri>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Registry hosts that may be reached over plain http although they are not on this machine (<c>--insecure-registry</c>).</summary>
    public IReadOnlyList<string> InsecureRegistries { get; init; } = [];

    /// <summary>Path of the kubeconfig file; null means the user's own (<c>KUBECONFIG</c>, <c>~/.kube/config</c>).</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>Context inside the kubeconfig; null means its current context, and <see cref="Kubernetes.KubeContexts.InCluster"/> a pod's service account.</summary>
    public string? KubeContext { get; init; }

    /// <summary>The infrastructure of the embedded cloud runs this many times faster than the hardware it simulates; null on real infrastructure.</summary>
    public double? TimeScale { get; init; }

    /// <summary>When set, no client sends a request that changes something: it tells this instead. Null in a real run.</summary>
    public Runs.DryRun? DryRun { get; init; }
}
