using Preheat;
using Preheat.Serving;

/// <summary>The parameters that say what is deployed and where.</summary>
interface IHazDeployment : INukeBuild
{
    [Parameter("Where everything runs: the embedded cloud or Google Cloud - local (default), google")]
    string? Cloud => TryGetValue(() => Cloud);

    [Parameter("What serves: gke (default), kubernetes, cloud-run")]
    string? Platform => TryGetValue(() => Platform);

    [Parameter("Name of the whole and of its folder of receipts - default is the model's name", Name = "Deployment")]
    string? DeploymentName => TryGetValue(() => DeploymentName);

    [Parameter("The model: hf://org/name@rev, gs://bucket/path or file:///path - default is hf://preheat/tiny-gemma-2")]
    string? Model => TryGetValue(() => Model);

    [Parameter("Inference server - vllm (default), tgi")]
    string? Server => TryGetValue(() => Server);

    [Parameter("The inference server's image - default is vllm/vllm-openai:v0.11.1")]
    string? BaseImage => TryGetValue(() => BaseImage);

    [Parameter("GPU product as GKE names it - default is nvidia-l4")]
    string? Accelerator => TryGetValue(() => Accelerator);

    [Parameter("GPUs of one replica - default is 1")]
    int? AcceleratorCount => TryGetValue<int?>(() => AcceleratorCount);

    [Parameter("Google Cloud project - default is preheat-local on the embedded cloud")]
    string? ProjectId => TryGetValue(() => ProjectId);

    [Parameter("Region of cluster and repository - default is local on the embedded cloud")]
    string? Region => TryGetValue(() => Region);

    [Parameter("Artifact Registry repository of the serving image - default is preheat")]
    string? Repository => TryGetValue(() => Repository);

    [Parameter("Kubernetes namespace - default is default")]
    string? Namespace => TryGetValue(() => Namespace);

    [Parameter("Replicas to begin with - default is 1")]
    int? MinReplicas => TryGetValue<int?>(() => MinReplicas);

    [Parameter("Replicas at most - default is 4")]
    int? MaxReplicas => TryGetValue<int?>(() => MaxReplicas);

    [Parameter("Context length in tokens - default is what fits the GPU")]
    int? MaxModelLength => TryGetValue<int?>(() => MaxModelLength);

    [Parameter("Token of the model hub; better from HF_TOKEN"), Secret]
    string? HfToken => TryGetValue(() => HfToken);

    [Parameter("Folder of receipts, manifests and reports - default is artifacts")]
    AbsolutePath? ArtifactsDirectory => TryGetValue(() => ArtifactsDirectory);

    /// <summary>Folder of receipts, manifests and reports of all deployments.</summary>
    AbsolutePath Artifacts => ArtifactsDirectory ?? RootDirectory / "artifacts";

    /// <summary>The token, if there is one.</summary>
    Secret? HubToken => string.IsNullOrEmpty(HfToken) ? null : new Secret(HfToken);

    /// <summary>The parameters as written.</summary>
    DeploymentRequest Request => new()
    {
        Name = DeploymentName,
        Cloud = Cloud,
        Platform = Platform,
        Model = Model,
        Server = Server,
        BaseImage = BaseImage,
        Accelerator = Accelerator,
        AcceleratorCount = AcceleratorCount,
        ProjectId = ProjectId,
        Region = Region,
        Repository = Repository,
        Namespace = Namespace,
        MinReplicas = MinReplicas,
        MaxReplicas = MaxReplicas,
        MaxModelLength = MaxModelLength,
    };
}
