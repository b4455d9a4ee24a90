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

    /// <summary>Artifact Registry repository that takes the serving image.</summary>
    public required string Repository { get; init; }

    /// <summary>Kubernetes namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>Replicas to start with and to keep at least.</summary>
    public required int MinReplicas { get; init; }

    public required int MaxReplicas { get; init; }

    /// <summary>Context length; null leaves it to the server.</summary>
    public int? MaxModelLength { get; init; }

    /// <summary>Logical registry host: <c>local-docker.pkg.dev</c>, <c>REGION-docker.pkg.dev</c>.</summary>
    public string RegistryHost => $"{Region}-docker.pkg.dev";
}
