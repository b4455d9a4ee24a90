using System.Text.Json.Nodes;
using Preheat.Manifests.Schemas;

namespace Preheat.Manifests;

/// <summary>One Kubernetes object as a manifest describes it.</summary>
/// <param name="Root">The whole object.</param>
/// <param name="File">Name of the file it is written to, or was read from.</param>
internal sealed record ManifestObject(YamlMap Root, string File)
{
    public string ApiVersion => Root.Text("apiVersion")!;

    public string Kind => Root.Text("kind")!;

    public string Name => Root.Text("metadata", "name")!;

    public string? Namespace => Root.Text("metadata", "namespace");

    /// <summary>Kind and name as people write them: <c>Deployment/gemma</c>.</summary>
    public string Title => $"{Kind}/{Name}";

    /// <summary>True for a thing of the whole cluster, which belongs to no single deployment and is never removed with one.</summary>
    public bool IsShared => Root.Text("metadata", "labels", ManifestChecks.SharedLabel) == "true";

    /// <summary>The object as it is sent.</summary>
    public JsonObject ToJson() => (JsonObject)QuantityTexts.Of(Root, SchemaTable.Known.Find(ApiVersion, Kind) ?? KindSchema.Any).ToJson()!;

    /// <summary>The object in a document; null, with problems added, when it lacks what every object has (apiVersion, kind, metadata.name).</summary>
    public static ManifestObject? From(YamlValue document, string file, ICollection<string> problems)
    {
        if (document is not YamlMap root)
        {
            problems.Add($"{document.At}: an object is a mapping with apiVersion, kind and metadata, not {document.Shape}.");
            return null;
        }
        string[][] needed = [["apiVersion"], ["kind"], ["metadata", "name"]];
        var missing = needed.Where(path => root.Text(path) is null).Select(path => string.Join('.', path)).ToList();
        if (missing.Count == 0)
            return new(root, file);
        problems.Add($"{root.At}: the object lacks {string.Join(" and ", missing)}.");
        return null;
    }
}
