using Preheat.Manifests.Schemas;
using Preheat.Serving;

namespace Preheat.Manifests;

/// <summary>Checks of rendered objects before anything is sent: their structure, names, labels, and what one object says about another.</summary>
internal static class ManifestChecks
{
    /// <summary>The label that every object of a deployment carries; its value is the deployment's name.</summary>
    public const string DeploymentLabel = "preheat-deployment";

    /// <summary>The label, with value <see cref="Manager"/>, of everything this program made.</summary>
    public const string ManagedByLabel = "app.kubernetes.io/managed-by";

    /// <summary>The label, with value <c>true</c>, of things that all deployments of a cluster share.</summary>
    public const string SharedLabel = "preheat-shared";

    /// <summary>Value of <see cref="ManagedByLabel"/>, and the name of the field manager.</summary>
    public const string Manager = "preheat";

    /// <summary>Adds every problem, and every doubt, with the place it stands at.</summary>
    public static void Check(IReadOnlyList<ManifestObject> objects, Deployment deployment, ICollection<string> problems, ICollection<string> warnings)
    {
        foreach (var same in objects.GroupBy(value => (value.ApiVersion, value.Title, value.Namespace)).Where(same => same.Count() > 1))
            problems.Add($"{same.Last().Root.At}: {same.Key.Title} is there already, from {same.First().Root.At}.");
        var structure = new SchemaCheck(problems);
        var pods = new PodChecks(objects, deployment, problems, warnings);
        var references = new ReferenceChecks(objects, problems);
        foreach (var value in objects)
        {
            structure.Check(value);
            CheckMetadata(value, deployment, problems);
            CheckSecret(value, deployment, problems);
            pods.Check(value);
            references.Check(value);
        }
    }

    /// <summary>Adds what is wrong with the form of labels; that they are strings is a matter of structure.</summary>
    public static void CheckLabels(YamlValue? labels, ICollection<string> problems)
    {
        foreach (var entry in (labels as YamlMap)?.Entries ?? [])
        {
            if (!KubernetesNames.IsLabelKey(entry.Key))
                problems.Add($"{entry.At}: '{entry.Key}' is no label key.");
            if (entry.Value is YamlScalar { Kind: ScalarKind.String } text && !KubernetesNames.IsLabelValue(text.Text))
                problems.Add($"{text.At}: '{text.Text}' is no label value: at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends.");
        }
    }

    private static void CheckMetadata(ManifestObject value, Deployment deployment, ICollection<string> problems)
    {
        var name = value.Root.Find("metadata", "name")!;
        if (value.Kind == "Service" && !KubernetesNames.IsServiceName(value.Name))
            problems.Add($"{name.At}: '{value.Name}' cannot name a Service: at most 63 lower-case letters, digits and '-', a letter first. Choose another --deployment.");
        else if (!KubernetesNames.IsSubdomain(value.Name))
            problems.Add($"{name.At}: '{value.Name}' is no name for an object: lower-case letters, digits, '-' and '.', at most 253.");
        CheckLabels(value.Root.Find("metadata", "labels"), problems);
        CheckAnnotations(value.Root.Find("metadata", "annotations"), problems);
        var isCluster = SchemaTable.Known.Find(value.ApiVersion, value.Kind) is { IsClusterScoped: true };
        if (isCluster && value.Root.Find("metadata", "namespace") is { } space)
            problems.Add($"{space.At}: a {value.Kind} belongs to no namespace; leave it out.");
        if (value.IsShared)
            return;
        if (!isCluster && value.Namespace != deployment.Namespace)
            problems.Add($"{(value.Root.Find("metadata", "namespace") ?? name).At}: {value.Title} is in {(value.Namespace is null ? "no namespace" : $"namespace {value.Namespace}")}, the deployment in {deployment.Namespace}. Write namespace: ${{NAMESPACE}}.");
        foreach (var (key, wanted) in new[] { (DeploymentLabel, deployment.Name), (ManagedByLabel, Manager) })
        {
            if (value.Root.Text("metadata", "labels", key) != wanted)
                problems.Add($"{(value.Root.Find("metadata", "labels") ?? name).At}: {value.Title} needs the label {key}: {wanted}, or it would never be found for removal.");
        }
    }

    // What is rendered lies in files, and goes from one machine to the next.
    private static void CheckSecret(ManifestObject value, Deployment deployment, ICollection<string> problems)
    {
        if ((value.ApiVersion, value.Kind) is not ("v1", "Secret"))
            return;
        foreach (var values in new[] { "data", "stringData" }.Select(part => value.Root.Find(part)).OfType<YamlMap>().Where(part => part.Entries.Count > 0))
            problems.Add($"{values.At}: the values of {value.Title} would be written to files in clear. Make it in the cluster (kubectl create secret generic {value.Name} --namespace {value.Namespace ?? deployment.Namespace} --from-file=KEY=FILE, or External Secrets), leave it out here, and refer to it by name.");
    }

    private static void CheckAnnotations(YamlValue? annotations, ICollection<string> problems)
    {
        foreach (var entry in ((annotations as YamlMap)?.Entries ?? []).Where(entry => !KubernetesNames.IsLabelKey(entry.Key)))
            problems.Add($"{entry.At}: '{entry.Key}' is no annotation key.");
    }
}
