using Preheat.Models;

namespace Preheat.Serving;

/// <summary>The validated request: what to serve, where and how. Made only by <c>DeploymentRequest.Validate</c>.</summary>
public sealed record Deployment
{
    /// <summary>Name of the whole; a DNS label; the folder of receipts and the value of the label <c>preheat-deployment</c>.</summary>
    public required string Name { get; init; }

    /// <summary><c>local</c> or <c>google</c>.</summary>
    public required string Cloud { get; init; }

    /// <summary><c>gke</c>, <c>kubernetes</c> or <c>cloud-run</c>.</summary>
    public required string Platform { get; init; }

    public required ModelReference Model { get; init; }

    /// <summary>Which of the model's files are taken, and whether local ones are read to verify them.</summary>
    public ResolveOptions Resolve { get; init; } = new();

    /// <summary>How the weights come to the server: <c>baked</c> into the image, or from the <c>hub</c> at each start.</summary>
    public string Weights { get; init; } = "baked";

    /// <summary><c>vllm</c> or <c>tgi</c>.</summary>
    public required string Server { get; init; }

    /// <summary>The server's image as asked for: <c>vllm/vllm-openai:v0.11.1</c>.</summary>
    public required string BaseImage { get; init; }

    /// <summary>GPU product as GKE names it: <c>nvidia-l4</c>.</summary>
    public required string Accelerator { get; init; }

    public required int AcceleratorCount { get; init; }

    public required string ProjectId { get; init; }

    public required string Region { get; init; }

    /// <summary>What takes the serving image: a repository of Artifact Registry, <c>preheat</c>, or a path in any registry, <c>ghcr.io/org/models</c>.</summary>
    public required string Repository { get; init; }

    /// <summary>Context of the user's kubeconfig whose cluster serves; null for the embedded cluster.</summary>
    public string? KubeContext { get; init; }

    /// <summary>Kubernetes namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>Replicas to start with and to keep at least.</summary>
    public required int MinReplicas { get; init; }

    public required int MaxReplicas { get; init; }

    /// <summary>What the replicas are scaled on; see <see cref="AutoscaleMetric"/>. <c>none</c> keeps <see cref="MinReplicas"/>.</summary>
    public string AutoscaleOn { get; init; } = AutoscaleMetric.None;

    /// <summary>Who tells the autoscaler the metric: <c>adapter</c>, <c>native</c> or <c>keda</c>.</summary>
    public string AutoscaleThrough { get; init; } = Autoscaling.Adapter;

    /// <summary>Address of the Prometheus server that KEDA asks; null for Managed Service for Prometheus.</summary>
    public string? Prometheus { get; init; }

    /// <summary>The metric's target for each replica: requests, or per cent.</summary>
    public int AutoscaleTarget { get; init; }

    /// <summary>The server's interface that is tried and loaded: <c>openai</c>, or <c>generate</c>: that of vLLM's simple server, or TGI's own.</summary>
    public string ServerApi { get; init; } = "openai";

    /// <summary>What a GKE cluster is: <c>autopilot</c> or <c>standard</c>.</summary>
    public string ClusterMode { get; init; } = "autopilot";

    /// <summary>Run on Spot machines.</summary>
    public bool Spot { get; init; }

    /// <summary>How the service is reached: <c>cluster</c>, or <c>internal</c> for an address inside the VPC.</summary>
    public string Expose { get; init; } = "cluster";

    /// <summary>Run as another user than root.</summary>
    public bool Restricted { get; init; }

    /// <summary>Optional parts of the manifests; see <see cref="OptionalFeature"/>.</summary>
    public IReadOnlyList<string> Features { get; init; } = [];

    /// <summary>Claim of the volume on which vLLM keeps what it compiles; null for none.</summary>
    public string? CompileCache { get; init; }

    /// <summary>Folder with a kustomization of the user's own, laid over ours; null for none.</summary>
    public string? ManifestsDirectory { get; init; }

    /// <summary>Context length; null leaves it to the server.</summary>
    public int? MaxModelLength { get; init; }

    /// <summary>Whether the serving image goes to a registry that the user has named, and not to Artifact Registry (locally: the embedded one).</summary>
    public bool HasOwnRegistry => Repository.Contains('/', StringComparison.Ordinal);

    /// <summary>Logical registry host: <c>local-docker.pkg.dev</c>, <c>REGION-docker.pkg.dev</c>, <c>ghcr.io</c>.</summary>
    public string RegistryHost => HasOwnRegistry ? Repository.Split('/')[0] : $"{Region}-docker.pkg.dev";

    /// <summary>The serving image's name, without tag.</summary>
    public string ImageName => HasOwnRegistry ? $"{Repository}/{Name}" : $"{RegistryHost}/{ProjectId}/{Repository}/{Name}";
}
