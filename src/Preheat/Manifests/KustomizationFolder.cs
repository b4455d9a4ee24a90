namespace Preheat.Manifests;

/// <summary>A folder with a <c>kustomization.yaml</c>: the objects it brings and the patches it lays over those that are there.</summary>
/// <remarks>
/// Reads the part of kustomize's format that these manifests use: <c>resources</c> (files of the folder) and <c>patches</c> with <c>target</c> and <c>path</c> to a JSON 6902 patch
/// (kubectl.docs.kubernetes.io, reference for kustomization). Any other field is refused, because ignoring it would change what the folder means.
/// </remarks>
internal sealed class KustomizationFolder(string root, string relative, ManifestVariables variables, ICollection<string> problems)
{
    private string NameOf(string file) => $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(root))}/{relative}/{file}";

    /// <summary>The objects after this folder: those given, patched, then its own.</summary>
    public IReadOnlyList<ManifestObject> Apply(IReadOnlyList<ManifestObject> objects)
    {
        if (Documents("kustomization.yaml", replace: false) is not [YamlMap kustomization])
            throw new UserException($"{NameOf("kustomization.yaml")} holds one mapping (kind Kustomization or Component).");
        foreach (var entry in kustomization.Entries)
        {
            if (entry.Key is not ("apiVersion" or "kind" or "resources" or "patches"))
                problems.Add($"{entry.At}: '{entry.Key}' is not read here; use resources and patches.");
        }
        var all = objects.Concat(kustomization.Items("resources").SelectMany(Resource)).ToList();
        foreach (var patch in kustomization.Items("patches"))
            Patch(all, patch);
        return all;
    }

    private IEnumerable<ManifestObject> Resource(YamlValue resource)
    {
        if (FileOf(resource) is not { } file)
            return [];
        return Documents(file, replace: true).Select(document => ManifestObject.From(document, file, problems)).OfType<ManifestObject>().ToList();
    }

    private void Patch(List<ManifestObject> objects, YamlValue patch)
    {
        if (patch is not YamlMap map || map.Text("target", "kind") is not { } kind || map["path"] is not { } path || FileOf(path) is not { } file)
        {
            problems.Add($"{patch.At}: a patch here has a target with a kind, and the path of a file with a JSON 6902 patch.");
            return;
        }
        var name = map.Text("target", "name");
        var found = objects.FindAll(candidate => candidate.Kind == kind && (name is null || candidate.Name == name));
        if (found.Count == 0)
            problems.Add($"{map["target"]!.At}: no object of kind {kind}{(name is null ? "" : $" named {name}")} is there to patch.");
        foreach (var document in Documents(file, replace: true))
        {
            foreach (var candidate in found)
            {
                var index = objects.FindIndex(value => value.Kind == candidate.Kind && value.Name == candidate.Name);
                objects[index] = objects[index] with { Root = (YamlMap)JsonPatch.Apply(objects[index].Root, document) };
            }
        }
    }

    private string? FileOf(YamlValue value)
    {
        if (value is YamlScalar { Text: { Length: > 0 } file } && file == Path.GetFileName(file) && file is not ("." or ".."))
            return file;
        problems.Add($"{value.At}: name a file of the same folder.");
        return null;
    }

    private IReadOnlyList<YamlValue> Documents(string file, bool replace)
    {
        var path = Path.Combine(root, relative, file);
        if (!File.Exists(path))
            throw new UserException($"{NameOf(file)} is missing. The manifests of this program are in {root}.");
        var documents = YamlReader.ReadFile(path, NameOf(file), strict: true);
        return replace ? [.. documents.Select(document => variables.Replace(document, problems))] : documents;
    }
}
