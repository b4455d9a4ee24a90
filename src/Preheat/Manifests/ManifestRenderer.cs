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

    /// <summary>When set, takes the files instead of the folder.</summary>
    public DryRun? DryRun { get; init; }
}

/// <summary>Makes the manifests of a deployment: plain YAML with variables, a base for the server and components for features.</summary>
public static partial class ManifestRenderer
{
    /// <summary>Renders, checks and writes. The same request gives the same bytes. A variable that nothing uses is a <see cref="Warning"/>.</summary>
    /// <exception cref="UserException">A manifest is wrong; the message lists every problem with file and line. Nothing is written then.</exception>
    public static ManifestSet Render(RenderRequest request, IEventSink events)
    {
        var deployment = request.Deployment;
        if (deployment.Platform is not ("gke" or "kubernetes"))
            throw new UserException($"Manifests are for --platform gke or kubernetes; this deployment's platform is {deployment.Platform}.");
        var features = FeaturesOf(request);
        var variables = VariablesOf(request, features);
        var problems = new List<string>();
        IReadOnlyList<ManifestObject> objects = [];
        foreach (var folder in features.Select(feature => $"components/{feature}").Prepend($"base/{deployment.Server}"))
            objects = new KustomizationFolder(request.ManifestsRoot, folder, variables, problems).Apply(objects);
        // What follows from an unknown variable would only repeat it.
        if (problems.Count == 0)
            problems.AddRange(ManifestChecks.Check(objects, deployment));
        ManifestProblems.ThrowIfAny(problems, "These manifests cannot be applied");
        foreach (var name in variables.Unused)
            events.Emit(new Warning($"The variable ${{{name}}} is set, but no manifest uses it."));
        return ManifestFolder.Write(request.OutputDirectory, TextsOf(objects), request.DryRun);
    }

    private static List<string> FeaturesOf(RenderRequest request)
    {
        var features = new List<string>();
        if (request.Image.ModelPath is null)
            features.Add("hub-download");
        if (request.Deployment.MaxModelLength is not null)
            features.Add("max-model-len");
        // Only GKE has the kind PodMonitoring.
        if (request.Deployment.Platform == "gke")
            features.Add("monitoring");
        return features;
    }

    private static ManifestVariables VariablesOf(RenderRequest request, IReadOnlyList<string> features)
    {
        var (deployment, model, image) = (request.Deployment, request.Model, request.Image);
        if (image.ModelPath is null && deployment.Model.Scheme is not ModelScheme.HuggingFace)
            throw new UserException($"The image {image.Reference} holds no weights, and a pod cannot download {deployment.Model} by itself. Use --weights baked.");
        var sizing = DeploymentSizing.Of(deployment.AcceleratorCount, image, model);
        var variables = new ManifestVariables()
            .Add("ACCELERATOR", deployment.Accelerator)
            .Add("ACCELERATOR_COUNT", deployment.AcceleratorCount)
            .Add("CPU", sizing.Cpu)
            .Add("DEPLOYMENT", deployment.Name)
            .Add("EPHEMERAL_STORAGE", sizing.EphemeralStorage)
            .Add("IMAGE", image.Reference)
            .Add("MEMORY", sizing.Memory)
            .Add("MODEL_LABEL", LabelOf(model.Name))
            .Add("MODEL_PATH", image.ModelPath ?? model.Name)
            .Add("NAMESPACE", deployment.Namespace)
            .Add("PROGRESS_DEADLINE_SECONDS", sizing.ProgressDeadlineSeconds)
            .Add("REPLICAS", deployment.MinReplicas)
            .Add("SERVED_MODEL_NAME", model.Name)
            .Add("STARTUP_FAILURES", sizing.StartupFailures);
        if (deployment.MaxModelLength is { } length)
            variables.Add("MAX_MODEL_LEN", length);
        if (features.Contains("hub-download"))
            variables.Add("MODEL_REVISION", model.Revision);
        return variables;
    }

    // A label value: at most 63 letters, digits, '-', '_', '.', a letter or digit at both ends.
    private static string LabelOf(string modelName)
    {
        var label = NoLabelCharacter().Replace(modelName.Split('/')[^1], "-");
        return label[..Math.Min(label.Length, 63)].Trim('-', '_', '.');
    }

    private static IEnumerable<KeyValuePair<string, string>> TextsOf(IReadOnlyList<ManifestObject> objects)
    {
        foreach (var file in objects.GroupBy(value => value.File))
        {
            var text = new StringBuilder();
            foreach (var value in file)
                text.Append("---\n# Rendered from ").Append(value.Root.At.File).Append(". Change that file, or the deployment's parameters.\n").Append(YamlWriter.Write(value.Root));
            yield return new(file.Key, text.ToString());
        }
    }

    [GeneratedRegex("[^A-Za-z0-9._-]", RegexOptions.CultureInvariant)]
    private static partial Regex NoLabelCharacter();
}
