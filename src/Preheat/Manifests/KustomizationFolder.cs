using System.Text.RegularExpressions;
using Preheat.Manifests.Schemas;

namespace Preheat.Manifests;

/// <summary>A folder with a <c>kustomization.yaml</c>: the objects it brings and what it changes in those that are there.</summary>
/// <remarks>
/// Reads the part of kustomize's format that such components use (kubectl.docs.kubernetes.io, reference for kustomization): <c>resources</c>, <c>components</c>,
/// <c>patches</c> (strategic merge or JSON 6902, in a file or inline), <c>namespace</c>, <c>labels</c>, <c>images</c>, in kustomize's order. Any other field is refused, because
/// ignoring it would change what the folder means.
/// </remarks>
internal sealed class KustomizationFolder(string root, string relative, ManifestVariables variables, ICollection<string> problems, int depth = 0)
{
    private const int DeepestNesting = 8;
    private const string FileName = "kustomization.yaml";

    private static readonly string[] Fields = ["apiVersion", "components", "images", "kind", "labels", "metadata", "namespace", "patches", "resources"];

    private string NameOf(string file) => string.Join('/', new[] { Path.GetFileName(Path.TrimEndingDirectorySeparator(root)), relative, file }.Where(part => part.Length > 0));

    /// <summary>The objects after this folder: those given and its own, patched.</summary>
    public IReadOnlyList<ManifestObject> Apply(IReadOnlyList<ManifestObject> objects)
    {
        if (Documents(FileName, replace: false) is not [YamlMap raw])
            throw new UserException($"{NameOf(FileName)} holds one mapping (kind Kustomization or Component).");
        // An inline patch is YAML inside a text: its variables are replaced when it is read, so that numbers stay numbers.
        var kustomization = raw with { Entries = [.. raw.Entries.Select(entry => entry.Key is "patches" ? entry : entry with { Value = variables.Replace(entry.Value, problems) })] };
        if (kustomization.Text("kind") is not (null or "Kustomization" or "Component"))
            problems.Add($"{kustomization["kind"]!.At}: the kind is Kustomization or Component, not {kustomization.Text("kind")}.");
        foreach (var entry in kustomization.Entries.Where(entry => !Fields.Contains(entry.Key)))
            problems.Add($"{entry.At}: '{entry.Key}' is not read here{NearestName.Hint(entry.Key, Fields)} Read are {string.Join(", ", Fields)}.");
        var all = objects.ToList();
        foreach (var resource in kustomization.Items("resources"))
            all = Resource(resource, all);
        foreach (var component in kustomization.Items("components"))
            all = Folder(component, all);
        foreach (var patch in kustomization.Items("patches"))
            Patch(all, patch);
        if (kustomization.Text("namespace") is { } space)
            all = all.ConvertAll(value => ObjectTransforms.SubjectsInNamespace(ObjectTransforms.InNamespace(value, space, replace: true), space, all));
        foreach (var labels in kustomization.Items("labels"))
            all = Label(all, labels);
        foreach (var image in kustomization.Items("images"))
            Image(all, image);
        return all;
    }

    private List<ManifestObject> Resource(YamlValue resource, List<ManifestObject> all)
    {
        if (FileOf(resource) is not { } file)
            return all;
        // What a resource's own kustomization changes is only what it brings; a component changes all there is.
        if (Directory.Exists(Path.Combine(root, relative, file)))
            return [.. all, .. Folder(resource, [])];
        return [.. all, .. Documents(file).Select(document => ManifestObject.From(document, Path.GetFileName(file), problems)).OfType<ManifestObject>()];
    }

    private List<ManifestObject> Folder(YamlValue folder, List<ManifestObject> all)
    {
        if (FileOf(folder) is not { } name)
            return all;
        if (depth >= DeepestNesting)
            throw new UserException($"{folder.At}: folders within folders go deeper than {DeepestNesting}.");
        return [.. new KustomizationFolder(root, relative.Length == 0 ? name : $"{relative}/{name}", variables, problems, depth + 1).Apply(all)];
    }

    private void Patch(List<ManifestObject> objects, YamlValue patch)
    {
        if (patch is not YamlMap map || map["path"] is null == map["patch"] is null)
        {
            problems.Add($"{patch.At}: a patch has either the path of a file or a patch inline, and perhaps a target.");
            return;
        }
        RefuseOthers(map, "a patch", "path", "patch", "target");
        if (PatchDocuments(map) is not { } documents)
            return;
        if (map["target"] is { } written)
            map = map.With(["target"], variables.Replace(written, problems));
        foreach (var document in documents)
        {
            var target = PatchTarget.Of(map, document, problems);
            if (target is null)
                continue;
            var found = objects.FindAll(target.Matches);
            if (found.Count == 0)
                problems.Add($"{target.At}: no object {target} is there to patch.{Present(objects)}");
            foreach (var candidate in found)
            {
                var index = objects.IndexOf(candidate);
                if (document is YamlList)
                    objects[index] = candidate with { Root = (YamlMap)JsonPatch.Apply(candidate.Root, document) };
                else if (Merge(candidate, (YamlMap)document) is { } merged)
                    objects[index] = candidate with { Root = merged };
                else
                    objects.RemoveAt(index);
            }
        }
    }

    // The target's own name and kind stay, whatever the patch calls itself.
    private static YamlMap? Merge(ManifestObject value, YamlMap patch) =>
        StrategicMerge.Apply(value.Root, patch.Without(["apiVersion"]).Without(["kind"]).Without(["metadata", "name"]), SchemaTable.Known.Find(value.ApiVersion, value.Kind));

    private static string Present(List<ManifestObject> objects) => objects.Count == 0 ? "" : $" There are {string.Join(", ", objects.Select(value => value.Title).Order(StringComparer.Ordinal))}.";

    private IReadOnlyList<YamlValue>? PatchDocuments(YamlMap patch)
    {
        if (patch["patch"] is YamlScalar inline)
            return [.. YamlReader.Read(inline.Text, inline.At.File, strict: true, inline.At.Line).Select(document => variables.Replace(document, problems))];
        return patch["path"] is { } path && FileOf(path) is { } file ? Documents(file) : null;
    }

    private List<ManifestObject> Label(List<ManifestObject> objects, YamlValue labels)
    {
        if (labels is not YamlMap map || map["pairs"] is not YamlMap pairs)
        {
            problems.Add($"{labels.At}: labels have pairs, and perhaps includeTemplates.");
            return objects;
        }
        RefuseOthers(map, "labels", "pairs", "includeTemplates", "includeSelectors");
        if (map.Text("includeSelectors") is "true")
            problems.Add($"{map["includeSelectors"]!.At}: a selector cannot be changed after its object was made; use includeTemplates.");
        return objects.ConvertAll(value => ObjectTransforms.WithLabels(value, pairs.Entries, map.Text("includeTemplates") is "true", replace: true));
    }

    private void Image(List<ManifestObject> objects, YamlValue image)
    {
        if (image is not YamlMap map || map.Text("name") is not { } name)
        {
            problems.Add($"{image.At}: an image has a name, and a newName, newTag or digest.");
            return;
        }
        RefuseOthers(map, "an image", "name", "newName", "newTag", "digest");
        string Changed(string old) => (map.Text("newName") ?? name) + (map.Text("digest") is { } digest ? "@" + digest : map.Text("newTag") is { } tag ? ":" + tag : old[name.Length..]);
        for (var index = 0; index < objects.Count; index++)
            objects[index] = ObjectTransforms.WithImage(objects[index], name, Changed);
    }

    private void RefuseOthers(YamlMap map, string what, params string[] known)
    {
        foreach (var entry in map.Entries.Where(entry => !known.Contains(entry.Key)))
            problems.Add($"{entry.At}: '{entry.Key}' is not read in {what}{NearestName.Hint(entry.Key, known)}");
    }

    private string? FileOf(YamlValue value)
    {
        if (value is YamlScalar { Text: { Length: > 0 } file } && !Path.IsPathRooted(file) && Regex.IsMatch(file, @"\A[\w.-]+(/[\w.-]+)*/?\z", RegexOptions.None, TimeSpan.FromSeconds(1)) && !file.Split('/').Any(part => part is "." or ".."))
            return file.TrimEnd('/');
        problems.Add($"{value.At}: name a file of the same folder or of one in it.");
        return null;
    }

    private IReadOnlyList<YamlValue> Documents(string file, bool replace = true)
    {
        var path = Path.Combine(root, relative, file);
        if (!File.Exists(path))
            throw new UserException($"{NameOf(file)} is missing{(Directory.Exists(Path.Combine(root, relative)) ? NearestName.Hint(Path.GetFileName(file), Directory.EnumerateFiles(Path.Combine(root, relative)).Select(one => Path.GetFileName(one))) : ".")} It was looked for in {root}.");
        var documents = YamlReader.ReadFile(path, NameOf(file), strict: true);
        return replace ? [.. documents.Select(document => variables.Replace(document, problems))] : documents;
    }
}
