namespace Preheat.Manifests;

/// <summary>Where the kinds keep the pods they make.</summary>
internal static class PodTemplates
{
    /// <summary>Keys from the object to the mapping that has the pods' metadata and spec; null for a kind that makes no pods.</summary>
    public static string[]? PathOf(string kind) => kind switch
    {
        "Deployment" or "StatefulSet" or "DaemonSet" or "Job" => ["spec", "template"],
        "CronJob" => ["spec", "jobTemplate", "spec", "template"],
        "Pod" => [],
        _ => null,
    };

    /// <summary>The pods' metadata and spec; null for a kind that makes no pods.</summary>
    public static YamlMap? Of(ManifestObject value) => PathOf(value.Kind) is { } path ? value.Root.Find(path) as YamlMap : null;

    /// <summary>Containers and init containers.</summary>
    public static IEnumerable<YamlMap> Containers(YamlMap template) =>
        template.Items("spec", "containers").Concat(template.Items("spec", "initContainers")).OfType<YamlMap>();
}
