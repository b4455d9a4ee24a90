using System.Text.RegularExpressions;
using Preheat.Images;
using Preheat.Manifests;
using Preheat.Models;

namespace Preheat.Serving;

/// <summary>What the user asked for, as written: every value may be missing. <see cref="Validate"/> makes the <see cref="Deployment"/>.</summary>
public sealed partial record DeploymentRequest
{
    /// <summary>The model that is deployed when none is named, on the embedded cloud.</summary>
    public const string LocalModel = "hf://preheat/tiny-gemma-2";

    /// <summary>vLLM's image when none is named.</summary>
    public const string DefaultBaseImage = "vllm/vllm-openai:v0.11.1";

    /// <summary>TGI's image when none is named.</summary>
    public const string DefaultTgiImage = "ghcr.io/huggingface/text-generation-inference:3.3.6";

    public string? Name { get; init; }

    public string? Cloud { get; init; }

    public string? Platform { get; init; }

    public string? Model { get; init; }

    public IReadOnlyList<string>? ModelInclude { get; init; }

    public IReadOnlyList<string>? ModelExclude { get; init; }

    public string? VerifyModel { get; init; }

    public string? Weights { get; init; }

    public string? Server { get; init; }

    public string? BaseImage { get; init; }

    public string? Accelerator { get; init; }

    public int? AcceleratorCount { get; init; }

    public string? ProjectId { get; init; }

    public string? Region { get; init; }

    public string? Repository { get; init; }

    public string? KubeContext { get; init; }

    public string? Namespace { get; init; }

    public int? MinReplicas { get; init; }

    public int? MaxReplicas { get; init; }

    public int? MaxModelLength { get; init; }

    public string? AutoscaleOn { get; init; }

    public string? AutoscaleThrough { get; init; }

    public string? Prometheus { get; init; }

    public int? AutoscaleTarget { get; init; }

    public string? ServerApi { get; init; }

    public string? ClusterMode { get; init; }

    public bool Spot { get; init; }

    public string? Expose { get; init; }

    public bool Restricted { get; init; }

    public IReadOnlyList<string>? Features { get; init; }

    public string? CompileCache { get; init; }

    public string? ManifestsDirectory { get; init; }

    /// <summary>Checks all values together.</summary>
    /// <exception cref="UserException">Lists every value that is wrong, with what is allowed.</exception>
    public Deployment Validate(ParameterReader read)
    {
        var cloud = read.OneOf("--cloud", Cloud, "local", "local", "google");
        var platform = read.OneOf("--platform", Platform, "gke", "gke", "kubernetes", "cloud-run");
        var server = read.OneOf("--server", Server, "vllm", "vllm", "tgi");
        if (cloud == "google")
            read.Error("--cloud google comes with a later version. Leave it out to use the embedded cloud (--cloud local).");
        if (platform == "cloud-run")
            read.Error("--platform cloud-run comes with a later version. Use gke or kubernetes.");

        var model = read.Read<ModelReference>("--model", Model, ModelReference.Parse(LocalModel), ModelReference.TryParse, $"{ModelReference.Forms}, for example {Likely(Model)}");

        var filter = ModelFilter.Default;
        try
        {
            filter = ModelFilter.Parse(ModelInclude, ModelExclude);
        }
        catch (UserException exception)
        {
            read.Error(exception.Message);
        }
        var verify = read.OneOf("--verify-model", VerifyModel, "quick", "quick", "full");
        var weights = read.OneOf("--weights", Weights, "baked", "baked", "hub", "volume", "bucket", "streamed");
        if (weights is not ("baked" or "hub"))
            read.Error($"--weights {weights} comes with a later version. Use baked (in the image) or hub (downloaded by the server at each start).");
        if (weights == "hub" && model.Scheme != ModelScheme.HuggingFace)
            read.Error($"--weights hub needs a model of the hub; {model} is none, and no pod could download it. Use --weights baked.");
        if (weights == "hub" && cloud == "local" && KubeContext is null && model.Scheme == ModelScheme.HuggingFace && !model.IsEmbedded)
            read.Error($"--weights hub cannot serve {model} on the embedded cloud: its pods reach its own hub only. Use --weights baked, or a model of hf://preheat/.");
        if (weights == "hub" && KubeContext is not null && model.IsEmbedded)
            read.Error($"--weights hub cannot serve {model} on the cluster of --kube-context {KubeContext}: it does not reach the embedded hub. Use --weights baked, or a model of another owner.");
        if (weights == "hub" && filter.Include.Count + filter.Exclude.Count > 0)
            read.Error("--model-include and --model-exclude choose what is baked; with --weights hub the server chooses itself. Leave them out, or use --weights baked.");

        var standard = server == "tgi" ? DefaultTgiImage : DefaultBaseImage;
        var baseImage = read.Read<string>("--base-image", BaseImage, standard, (text, out same) => ImageReference.TryParse(same = text, out _), "[HOST/]NAME[:TAG][@sha256:DIGEST] in lower case, for example " + standard);
        if (ServerVersion.Of(baseImage).Server is { } other && other != server)
            read.Error($"--base-image {baseImage} is an image of {other}, and the server is {server}. Give --server {other}, or an image of {server}, for example {standard}.");
        var (metric, through, prometheus) = Autoscaling.Read(read, this, platform, server);
        if (CompileCache is not null && server != "vllm")
            read.Error($"--compile-cache keeps what vLLM compiles; {server} compiles nothing. Leave it out.");
        if (ManifestsDirectory is not null && !File.Exists(Path.Combine(ManifestsDirectory, "kustomization.yaml")))
            read.Error($"--manifests '{ManifestsDirectory}' has no kustomization.yaml. Name a folder with one; docs/targets/RenderManifests.md shows an example.");

        var minimum = read.Whole("--min-replicas", MinReplicas, 1, 1, 1000);
        var deployment = new Deployment
        {
            Name = read.Text("--deployment", Name, Label(model.ShortName), LabelForm(), LabelRule),
            Cloud = cloud,
            Platform = platform,
            Model = model,
            Resolve = new ResolveOptions { Filter = filter, VerifyContent = verify == "full" },
            Weights = weights,
            Server = server,
            BaseImage = baseImage,
            ServerApi = read.OneOf("--server-api", ServerApi, ServerVersion.Of(baseImage).DefaultApi, "openai", "generate"),
            ClusterMode = read.OneOf("--cluster-mode", ClusterMode, "autopilot", "autopilot", "standard"),
            Spot = Spot,
            Expose = read.OneOf("--expose", Expose, "cluster", "cluster", "internal"),
            Restricted = Restricted,
            Features = OptionalFeature.Read(read, Features, platform),
            CompileCache = CompileCache is null ? null : read.Read<string?>("--compile-cache", CompileCache, null, IsClaim, "the name of a PersistentVolumeClaim that many pods may write to (ReadWriteMany)"),
            ManifestsDirectory = ManifestsDirectory,
            AutoscaleOn = metric.Name,
            AutoscaleThrough = through,
            Prometheus = prometheus,
            AutoscaleTarget = read.Whole("--autoscale-target", AutoscaleTarget, metric.DefaultTarget, 1, metric.IsPercentage ? 100 : 1_000_000),
            Accelerator = read.Text("--accelerator", Accelerator, "nvidia-l4", LabelForm(), "a GPU product as GKE names it, such as nvidia-l4 or nvidia-h100-80gb"),
            AcceleratorCount = read.Whole("--accelerator-count", AcceleratorCount, 1, 1, 16),
            ProjectId = read.Text("--project-id", ProjectId, "preheat-local", ProjectForm(), "a Google Cloud project id: 6 to 30 lower-case letters, digits and dashes"),
            Region = read.Text("--region", Region, "local", LabelForm(), "a region such as us-central1"),
            Repository = read.Read<string>("--repository", Repository, "preheat", IsRepository, $"the name of a repository of Artifact Registry ({LabelRule}), or HOST[:PORT]/PATH of any registry, for example ghcr.io/org/models"),
            KubeContext = KubeContext,
            Namespace = read.Text("--namespace", Namespace, "default", LabelForm(), LabelRule),
            MinReplicas = minimum,
            MaxReplicas = read.Whole("--max-replicas", MaxReplicas, Math.Max(4, minimum), minimum, 1000),
            MaxModelLength = MaxModelLength is null ? null : read.Whole("--max-model-length", MaxModelLength, 0, 1, 10_000_000),
        };
        if (prometheus is not null && deployment.Features.Contains(OptionalFeature.NetworkPolicy))
            read.Error($"--features {OptionalFeature.NetworkPolicy} lets in GKE's own collectors, and not {prometheus}: KEDA would have no metric. Leave --prometheus out, or bring a policy of your own with --manifests.");
        if (KubeContext is not null && !deployment.HasOwnRegistry)
            read.Error($"--kube-context {KubeContext}: that cluster cannot pull from the embedded registry. Name one that it and this machine reach, --repository HOST[:PORT]/PATH, for example ghcr.io/org/models.");
        read.ThrowIfWrong();
        return deployment;
    }

    // With a slash it is a path in a registry, whose host must be told from a folder: by a dot, a port, or as localhost.
    private static bool IsRepository(string text, out string same) =>
        LabelForm().IsMatch(same = text)
        || (ImageReference.TryParse(text, out var path) && path is { Tag: null, Digest: null } && (path.Name == text || path.Host == ImageReference.DefaultHost && text.StartsWith(ImageReference.DefaultHost, StringComparison.Ordinal)));

    private static bool IsClaim(string text, out string? same) => KubernetesNames.IsSubdomain(same = text);

    private const string LabelRule = "1 to 40 lower-case letters, digits and dashes, beginning with a letter and not ending with a dash";

    // What is missing is most often only the scheme.
    private static string Likely(string? model) => model switch
    {
        ['/', ..] => "file://" + model,
        not null when ModelReference.TryParse("hf://" + model, out var hub) => hub.ToString(),
        _ => LocalModel,
    };

    // Forty characters leave room for suffixes inside the 63 of a DNS label (RFC 1123) and for boot-disk image names (39).
    private static string Label(string name)
    {
        var label = NotLabel().Replace(name.ToLowerInvariant(), "-").Trim('-');
        if (label.Length == 0 || !char.IsAsciiLetter(label[0]))
            label = "m-" + label;
        return label[..Math.Min(label.Length, 40)].TrimEnd('-');
    }

    [GeneratedRegex("[^a-z0-9]+", RegexOptions.CultureInvariant)]
    private static partial Regex NotLabel();

    [GeneratedRegex(@"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex LabelForm();

    [GeneratedRegex(@"^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex ProjectForm();
}
