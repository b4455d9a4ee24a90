using System.Text;
using System.Text.RegularExpressions;
using Preheat.Images;
using Preheat.Models;
using Preheat.Runs;
using Preheat.Serving;

namespace Preheat.Manifests;

/// <summary>What manifests are rendered from, and where to.</summary>
public sealed record RenderRequest
{
    public required Deployment Deployment { get; init; }

    public required ModelSnapshot Model { get; init; }

    public required ServingImage Image { get; init; }

    /// <summary>The folder <c>manifests</c> of this repository, with <c>base/</c> and <c>components/</c>.</summary>
    public required string ManifestsRoot { get; init; }

    /// <summary>Folder that takes the YAML; its other <c>.yaml</c> files are removed.</summary>
    public required string OutputDirectory { get; init; }

    /// <summary>Claim of the volume that holds the weights; only with <c>--weights volume</c>.</summary>
    public string? WeightsClaim { get; init; }

    /// <summary>When set, takes the files instead of the folder.</summary>
    public DryRun? DryRun { get; init; }
}

/// <summary>Makes the manifests of a deployment: plain YAML with variables, a base for the server and components for features.</summary>
public static partial class ManifestRenderer
{
    // The order in which objects are applied: what others need comes first. Kinds that are not named come where a Deployment does.
    private static readonly string[] First = ["Namespace", "StorageClass", "ComputeClass", "ServiceAccount", "Secret", "ConfigMap", "PersistentVolume", "PersistentVolumeClaim", "Service"];
    private static readonly string[] Last = ["PodMonitoring", "PodDisruptionBudget", "AutoscalingMetric", "TriggerAuthentication", "HorizontalPodAutoscaler", "ScaledObject"];

    /// <summary>Renders, checks and writes. The same request gives the same bytes. What is doubtful but may be meant is a <see cref="Warning"/>.</summary>
    /// <exception cref="UserException">A manifest is wrong, or the model does not fit the GPUs; the message lists every problem with file and line. Nothing is written then.</exception>
    public static ManifestSet Render(RenderRequest request, IEventSink events)
    {
        var deployment = request.Deployment;
        if (deployment.Platform is not ("gke" or "kubernetes"))
            throw new UserException($"Manifests are for --platform gke or kubernetes; this deployment's platform is {deployment.Platform}.");
        var length = MemoryFit.Of(deployment, request.Model).MaxModelLength;
        if (length is not null && deployment.MaxModelLength is null)
            events.Emit(new Note($"The context is cut to {length} tokens, which is what fits {deployment.AcceleratorCount} × {deployment.Accelerator}; --max-model-length asks for less."));
        var features = ManifestFeatures.Of(request, length);
        var variables = VariablesOf(request, length);
        var problems = new List<string>();
        IReadOnlyList<ManifestObject> objects = [];
        foreach (var folder in features)
            objects = new KustomizationFolder(request.ManifestsRoot, folder, variables, problems).Apply(objects);
        if (deployment.ManifestsDirectory is { } own)
            objects = Layer(new KustomizationFolder(own, "", variables, problems), objects, deployment);
        objects = LeaveReplicasToTheAutoscaler(objects);
        var warnings = new List<string>();
        // What follows from an unknown variable would only repeat it.
        if (problems.Count == 0)
            ManifestChecks.Check(objects, deployment, problems, warnings);
        ManifestProblems.ThrowIfAny(problems, "These manifests cannot be applied");
        warnings.AddRange(variables.Unused.Select(name => $"The variable ${{{name}}} is set, but no manifest uses it."));
        if (deployment.Platform == "gke" && AcceleratorMachine.Doubt(deployment.Accelerator, deployment.AcceleratorCount) is { } doubt)
            warnings.Add(doubt);
        foreach (var warning in warnings)
            events.Emit(new Warning(warning));
        return ManifestFolder.Write(request.OutputDirectory, TextsOf(objects), request.DryRun);
    }

    // The user's objects belong to the deployment as ours do: its namespace and labels, where they name none themselves.
    private static List<ManifestObject> Layer(KustomizationFolder own, IReadOnlyList<ManifestObject> objects, Deployment deployment)
    {
        YamlEntry Label(string key, string value) => new(default, key, new YamlScalar(default, value, ScalarKind.String));
        YamlEntry[] labels = [Label(ManifestChecks.ManagedByLabel, ManifestChecks.Manager), Label(ManifestChecks.DeploymentLabel, deployment.Name)];
        return
        [
            .. own.Apply(objects).Select(value => value.IsShared
                ? value
                : ObjectTransforms.InNamespace(ObjectTransforms.WithLabels(value, labels, pods: true, replace: false), deployment.Namespace, replace: false)),
        ];
    }

    // A number applied beside an autoscaler would set a scaled deployment back at each roll-out.
    private static IReadOnlyList<ManifestObject> LeaveReplicasToTheAutoscaler(IReadOnlyList<ManifestObject> objects)
    {
        var scaled = objects.Where(value => value.Kind is "HorizontalPodAutoscaler" or "ScaledObject")
            .Select(value => (Kind: value.Root.Text("spec", "scaleTargetRef", "kind") ?? "Deployment", Name: value.Root.Text("spec", "scaleTargetRef", "name")))
            .ToHashSet();
        return [.. objects.Select(value => scaled.Contains((value.Kind, value.Name)) ? value with { Root = value.Root.Without(["spec", "replicas"]) } : value)];
    }

    private static ManifestVariables VariablesOf(RenderRequest request, int? maxModelLength)
    {
        var (deployment, model, image) = (request.Deployment, request.Model, request.Image);
        var metric = AutoscaleMetric.Find(deployment.AutoscaleOn);
        var path = ManifestFeatures.ModelPath(request);
        var downloaded = ManifestFeatures.IsDownloaded(request);
        var sizing = DeploymentSizing.Of(AcceleratorMachine.Of(deployment.Accelerator, deployment.AcceleratorCount), deployment.AcceleratorCount, image, model, downloaded);
        var variables = new ManifestVariables()
            .Add("ACCELERATOR", deployment.Accelerator)
            .Add("ACCELERATOR_COUNT", deployment.AcceleratorCount)
            .Add("CPU", sizing.Cpu)
            .Add("DEPLOYMENT", deployment.Name)
            .Add("EPHEMERAL_STORAGE", sizing.EphemeralStorage)
            .Add("IMAGE", image.Reference)
            .Add("MEMORY", sizing.Memory)
            .Add("MODEL_LABEL", LabelOf(model.Name))
            .Add("MODEL_PATH", path)
            .Add("NAMESPACE", deployment.Namespace)
            .Add("PROGRESS_DEADLINE_SECONDS", sizing.ProgressDeadlineSeconds)
            .Add("REPLICAS", deployment.MinReplicas)
            .Offer("SERVED_MODEL_NAME", model.Name)
            .Add("STARTUP_FAILURES", sizing.StartupFailures)
            .Offer("PROJECT_ID", deployment.ProjectId)
            .Offer("REGION", deployment.Region);
        if (maxModelLength is { } length)
            variables.Add("MAX_MODEL_LEN", length);
        if (downloaded)
            variables.Add("MODEL_REVISION", model.Revision);
        if (deployment.Weights == "volume")
            variables.Add("WEIGHTS_CLAIM", request.WeightsClaim ?? throw new UserException("The weights are on no volume yet. Run ./build.sh StageWeights."));
        if (deployment.Features.Contains(OptionalFeature.ComputeClass))
            variables.Add("COMPUTE_CLASS", $"preheat-{deployment.Accelerator}-{deployment.AcceleratorCount}{(deployment.Spot ? "-spot" : "")}");
        if (deployment.CompileCache is { } claim)
            variables.Add("COMPILE_CACHE_CLAIM", claim);
        if (metric.Name != AutoscaleMetric.None)
            AddAutoscaling(variables, deployment, metric);
        return variables;
    }

    private static void AddAutoscaling(ManifestVariables variables, Deployment deployment, AutoscaleMetric metric)
    {
        variables.Add("MAX_REPLICAS", deployment.MaxReplicas);
        switch (deployment.AutoscaleThrough)
        {
            case Autoscaling.Keda:
                variables.Add("AUTOSCALE_GAUGE", metric.Gauge!).Add("AUTOSCALE_THRESHOLD", metric.Threshold(deployment.AutoscaleTarget)).Add("PROMETHEUS", deployment.Prometheus ?? ManagedPrometheus(deployment));
                break;
            case Autoscaling.Native:
                variables.Add("AUTOSCALE_GAUGE", metric.Gauge!).Add("AUTOSCALE_ON", metric.Name).Add("AUTOSCALE_TARGET", metric.Quantity(deployment.AutoscaleTarget));
                break;
            default:
                variables.Add("AUTOSCALE_METRIC", metric.Metric).Add("AUTOSCALE_TARGET", metric.Quantity(deployment.AutoscaleTarget));
                break;
        }
    }

    // cloud.google.com, "Query using the Prometheus HTTP API".
    private static string ManagedPrometheus(Deployment deployment) => $"https://monitoring.googleapis.com/v1/projects/{deployment.ProjectId}/location/global/prometheus";

    // A label value: at most 63 letters, digits, '-', '_', '.', a letter or digit at both ends.
    private static string LabelOf(string modelName)
    {
        var label = NoLabelCharacter().Replace(modelName.Split('/')[^1], "-");
        return label[..Math.Min(label.Length, 63)].Trim('-', '_', '.');
    }

    private static IEnumerable<KeyValuePair<string, string>> TextsOf(IReadOnlyList<ManifestObject> objects)
    {
        foreach (var file in objects.GroupBy(value => value.File).OrderBy(file => file.Min(RankOf)))
        {
            var text = new StringBuilder();
            foreach (var value in file)
                text.Append("---\n# Rendered from ").Append(value.Root.At.File).Append(". Change that file, or the deployment's parameters.\n").Append(YamlWriter.Write(value.Root));
            yield return new(file.Key, text.ToString());
        }
    }

    private static int RankOf(ManifestObject value) => Array.IndexOf(First, value.Kind) is >= 0 and var first
        ? first - First.Length
        : Array.IndexOf(Last, value.Kind) + 1;

    [GeneratedRegex("[^A-Za-z0-9._-]", RegexOptions.CultureInvariant)]
    private static partial Regex NoLabelCharacter();
}
