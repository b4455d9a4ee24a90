using Preheat;
using Preheat.Models;
using Preheat.Serving;

/// <summary>The parameters that say what is deployed and where.</summary>
interface IHazDeployment : INukeBuild
{
    [Parameter("Where everything runs: the embedded cloud or Google Cloud - local (default), google", ValueProviderType = typeof(IHazDeployment), ValueProviderMember = nameof(Clouds))]
    string? Cloud => TryGetValue(() => Cloud);

    [Parameter("What serves: gke (default), kubernetes, cloud-run", ValueProviderType = typeof(IHazDeployment), ValueProviderMember = nameof(Platforms))]
    string? Platform => TryGetValue(() => Platform);

    [Parameter("Name of the whole and of its folder of receipts - default is the model's name", Name = "Deployment")]
    string? DeploymentName => TryGetValue(() => DeploymentName);

    [Parameter("The model: hf://org/name@rev, gs://bucket/path or file:///path - default is hf://preheat/tiny-gemma-2")]
    string? Model => TryGetValue(() => Model);

    [Parameter("Globs of the model's files to take, in place of what the server needs: *.json tokenizer/*")]
    string[]? ModelInclude => TryGetValue(() => ModelInclude);

    [Parameter("Globs of the model's files to leave out")]
    string[]? ModelExclude => TryGetValue(() => ModelExclude);

    [Parameter("How an unchanged local model is known: quick (default) by size, times and inode, full by reading and hashing it", ValueProviderType = typeof(IHazDeployment), ValueProviderMember = nameof(ModelChecks))]
    string? VerifyModel => TryGetValue(() => VerifyModel);

    [Parameter("How the weights come to the server: baked (default) into the image, hub: downloaded at each start", ValueProviderType = typeof(IHazDeployment), ValueProviderMember = nameof(WeightsDeliveries))]
    string? Weights => TryGetValue(() => Weights);

    [Parameter("Inference server - vllm (default), tgi", ValueProviderType = typeof(IHazDeployment), ValueProviderMember = nameof(Servers))]
    string? Server => TryGetValue(() => Server);

    [Parameter("The inference server's image - default is vllm/vllm-openai:v0.11.1, for tgi ghcr.io/huggingface/text-generation-inference:3.3.6")]
    string? BaseImage => TryGetValue(() => BaseImage);

    [Parameter("GPU product as GKE names it - default is nvidia-l4")]
    string? Accelerator => TryGetValue(() => Accelerator);

    [Parameter("GPUs of one replica - default is 1")]
    int? AcceleratorCount => TryGetValue<int?>(() => AcceleratorCount);

    [Parameter("Google Cloud project - default is preheat-local on the embedded cloud")]
    string? ProjectId => TryGetValue(() => ProjectId);

    [Parameter("Region of cluster and repository - default is local on the embedded cloud")]
    string? Region => TryGetValue(() => Region);

    [Parameter("What takes the serving image: an Artifact Registry repository, or HOST/PATH in any registry - default is preheat")]
    string? Repository => TryGetValue(() => Repository);

    [Parameter("Context of your kubeconfig whose cluster serves, or in-cluster for the pod's service account - default is the embedded cluster")]
    string? KubeContext => TryGetValue(() => KubeContext);

    [Parameter("Kubernetes namespace - default is default")]
    string? Namespace => TryGetValue(() => Namespace);

    [Parameter("Replicas to begin with - default is 1")]
    int? MinReplicas => TryGetValue<int?>(() => MinReplicas);

    [Parameter("Replicas at most - default is 4")]
    int? MaxReplicas => TryGetValue<int?>(() => MaxReplicas);

    [Parameter("What replicas are scaled on - none, running, waiting, kv-cache, tgi-queue, tgi-batch, duty-cycle, dcgm; default is running (tgi-queue for tgi) on GKE, none elsewhere", ValueProviderType = typeof(IHazDeployment), ValueProviderMember = nameof(AutoscaleMetrics))]
    string? AutoscaleOn => TryGetValue(() => AutoscaleOn);

    [Parameter("Who tells the autoscaler: Google's metrics adapter (default), native: GKE itself, from 1.35, keda", ValueProviderType = typeof(IHazDeployment), ValueProviderMember = nameof(AutoscaleWays))]
    string? AutoscaleThrough => TryGetValue(() => AutoscaleThrough);

    [Parameter("Prometheus server that KEDA asks, as the cluster's pods reach it - default is Managed Service for Prometheus")]
    string? Prometheus => TryGetValue(() => Prometheus);

    [Parameter("Target of that metric for each replica, in requests or per cent - default is 10 requests (5 waiting ones), 80 per cent")]
    int? AutoscaleTarget => TryGetValue<int?>(() => AutoscaleTarget);

    [Parameter("The server's interface that is tried and loaded: openai, or generate: vLLM's simple api_server, TGI's own routes - default is what the image starts", ValueProviderType = typeof(IHazDeployment), ValueProviderMember = nameof(ServerApis))]
    string? ServerApi => TryGetValue(() => ServerApi);

    [Parameter("What the GKE cluster is - autopilot (default), standard", ValueProviderType = typeof(IHazDeployment), ValueProviderMember = nameof(ClusterModes))]
    string? ClusterMode => TryGetValue(() => ClusterMode);

    [Parameter("Run on Spot machines")]
    bool Spot => TryGetValue<bool?>(() => Spot) ?? false;

    [Parameter("How the service is reached - cluster (default), internal: an address inside the VPC", ValueProviderType = typeof(IHazDeployment), ValueProviderMember = nameof(Exposures))]
    string? Expose => TryGetValue(() => Expose);

    [Parameter("Run the server as another user than root, as the restricted pod security standard asks")]
    bool Restricted => TryGetValue<bool?>(() => Restricted) ?? false;

    [Parameter("Optional parts of the manifests - compute-class: GKE chooses machines by priority, with --spot falling back to on-demand; network-policy; zone-spread", ValueProviderType = typeof(IHazDeployment), ValueProviderMember = nameof(OptionalFeatures))]
    string[]? Features => TryGetValue(() => Features);

    [Parameter("PersistentVolumeClaim (ReadWriteMany) on which vLLM keeps what it compiles, for the next start - default is none")]
    string? CompileCache => TryGetValue(() => CompileCache);

    [Parameter("Folder with a kustomization.yaml of your own, laid over the built-in manifests")]
    AbsolutePath? Manifests => TryGetValue(() => Manifests);

    [Parameter("Context length in tokens - default is what fits the GPU")]
    int? MaxModelLength => TryGetValue<int?>(() => MaxModelLength);

    [Parameter("Token of the model hub; better from HF_TOKEN - default is where the hub's own tool keeps it"), Secret]
    string? HfToken => TryGetValue(() => HfToken);

    [Parameter("Folder of receipts, manifests and reports - default is artifacts")]
    AbsolutePath? ArtifactsDirectory => TryGetValue(() => ArtifactsDirectory);

    [Parameter("Say what would be sent and written, and change nothing")]
    bool DryRun => TryGetValue<bool?>(() => DryRun) ?? false;

    /// <summary>What is allowed: for the help, for completion, and to be checked.</summary>
    static IEnumerable<string> Clouds => ["local", "google"];
    static IEnumerable<string> Platforms => ["gke", "kubernetes", "cloud-run"];
    static IEnumerable<string> ModelChecks => ["quick", "full"];
    static IEnumerable<string> WeightsDeliveries => ["baked", "hub"];
    static IEnumerable<string> Servers => ["vllm", "tgi"];
    static IEnumerable<string> ServerApis => ["openai", "generate"];
    static IEnumerable<string> ClusterModes => ["autopilot", "standard"];
    static IEnumerable<string> Exposures => ["cluster", "internal"];
    static IEnumerable<string> OptionalFeatures => OptionalFeature.All.Select(feature => feature.Name);
    static IEnumerable<string> AutoscaleWays => ["adapter", "native", "keda"];
    static IEnumerable<string> AutoscaleMetrics => AutoscaleMetric.All.Select(metric => metric.Name);

    /// <summary>Folder of receipts, manifests and reports of all deployments.</summary>
    AbsolutePath Artifacts => ArtifactsDirectory ?? RootDirectory / "artifacts";

    /// <summary>The token, if there is one: given, from the environment, or where the hub's own tool keeps it.</summary>
    Secret? HubToken => HubTokens.Find(HfToken, Environment.GetEnvironmentVariable);

    /// <summary>The parameters as written.</summary>
    DeploymentRequest Request => new()
    {
        Name = DeploymentName,
        Cloud = Cloud,
        Platform = Platform,
        Model = Model,
        ModelInclude = ModelInclude,
        ModelExclude = ModelExclude,
        VerifyModel = VerifyModel,
        Weights = Weights,
        Server = Server,
        BaseImage = BaseImage,
        Accelerator = Accelerator,
        AcceleratorCount = AcceleratorCount,
        ProjectId = ProjectId,
        Region = Region,
        Repository = Repository,
        KubeContext = KubeContext,
        Namespace = Namespace,
        MinReplicas = MinReplicas,
        MaxReplicas = MaxReplicas,
        MaxModelLength = MaxModelLength,
        AutoscaleOn = AutoscaleOn,
        AutoscaleThrough = AutoscaleThrough,
        Prometheus = Prometheus,
        AutoscaleTarget = AutoscaleTarget,
        ServerApi = ServerApi,
        ClusterMode = ClusterMode,
        Spot = Spot,
        Expose = Expose,
        Restricted = Restricted,
        Features = Features,
        CompileCache = CompileCache,
        ManifestsDirectory = Manifests,
    };
}
