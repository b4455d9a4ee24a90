using Preheat.Manifests.Schemas;

namespace Preheat.Manifests;

/// <summary>The changes that a kustomization makes to objects as a whole: labels, namespace, images.</summary>
internal static class ObjectTransforms
{
    /// <summary>Adds labels to an object and, where it makes pods, to those. Labels that are there are replaced when <paramref name="replace"/> is set. Selectors stay: they cannot be changed later.</summary>
    public static ManifestObject WithLabels(ManifestObject value, IReadOnlyList<YamlEntry> labels, bool pods, bool replace)
    {
        var root = Labelled(value.Root, ["metadata", "labels"], labels, replace);
        if (pods && PodTemplates.PathOf(value.Kind) is { Length: > 0 } path && root.Find(path) is YamlMap)
            root = Labelled(root, [.. path, "metadata", "labels"], labels, replace);
        return value with { Root = root };
    }

    /// <summary>Puts an object that names no namespace, and belongs to one, into <paramref name="space"/>.</summary>
    public static ManifestObject InNamespace(ManifestObject value, string space, bool replace)
    {
        if (SchemaTable.Known.Find(value.ApiVersion, value.Kind) is { IsClusterScoped: true } || (value.Namespace is not null && !replace))
            return value;
        return value with { Root = value.Root.With(["metadata", "namespace"], new YamlScalar(value.Root.At, space, ScalarKind.String)) };
    }

    /// <summary>The subjects of a role binding that are service accounts among the objects, or the default one, move along with the namespace.</summary>
    public static ManifestObject SubjectsInNamespace(ManifestObject value, string space, IReadOnlyList<ManifestObject> objects)
    {
        if (value.Kind is not ("RoleBinding" or "ClusterRoleBinding") || value.Root["subjects"] is not YamlList subjects)
            return value;
        return value with { Root = value.Root.With(["subjects"], subjects with { Items = [.. subjects.Items.Select(Moved)] }) };

        YamlValue Moved(YamlValue item) => item is YamlMap subject && subject.Text("kind") == "ServiceAccount"
            && (subject.Text("name") == "default" || objects.Any(other => other.Kind == "ServiceAccount" && other.Name == subject.Text("name")))
            ? subject.With(["namespace"], new YamlScalar(subject.At, space, ScalarKind.String))
            : item;
    }

    /// <summary>Changes the image of every container that has the image <paramref name="name"/>, whatever its tag or digest.</summary>
    public static ManifestObject WithImage(ManifestObject value, string name, Func<string, string> change)
    {
        if (PodTemplates.PathOf(value.Kind) is not { } path || PodTemplates.Of(value) is null)
            return value;
        var root = value.Root;
        foreach (var list in new[] { "containers", "initContainers" })
        {
            string[] at = [.. path, "spec", list];
            if (root.Find(at) is YamlList containers)
                root = root.With(at, containers with { Items = [.. containers.Items.Select(Changed)] });
        }
        return value with { Root = root };

        YamlValue Changed(YamlValue item) => item is YamlMap container && container["image"] is YamlScalar image && NameOf(image.Text) == name
            ? container.With(["image"], image with { Text = change(image.Text) })
            : item;
    }

    /// <summary>An image's name without tag and digest.</summary>
    public static string NameOf(string image)
    {
        var name = image.Split('@')[0];
        var colon = name.LastIndexOf(':');
        return colon > name.LastIndexOf('/') ? name[..colon] : name;
    }

    private static YamlMap Labelled(YamlMap root, string[] path, IReadOnlyList<YamlEntry> labels, bool replace)
    {
        foreach (var label in labels)
        {
            if (replace || root.Find([.. path, label.Key]) is null)
                root = root.With([.. path, label.Key], label.Value);
        }
        return root;
    }
}
