using System.Text.RegularExpressions;
using Preheat.Manifests.Schemas;

namespace Preheat.Manifests;

/// <summary>Which objects a patch is laid over. Name and namespace are patterns that match from end to end, as kustomize has it.</summary>
internal sealed record PatchTarget(SourcePosition At, string? Group, string? Version, string? Kind, string? Name, string? Namespace)
{
    private static readonly string[] Fields = ["group", "kind", "name", "namespace", "version"];

    /// <summary>What the patch's <c>target</c> says, or else the object that a strategic merge names itself; null, with a problem added, when there is neither.</summary>
    public static PatchTarget? Of(YamlMap patch, YamlValue document, ICollection<string> problems)
    {
        if (document is not (YamlMap or YamlList))
        {
            problems.Add($"{document.At}: a patch is a partial object or a list of operations (op, path, value), not {document.Shape}.");
            return null;
        }
        if (patch["target"] is YamlMap target)
        {
            foreach (var entry in target.Entries.Where(entry => !Fields.Contains(entry.Key)))
                problems.Add($"{entry.At}: '{entry.Key}' is not read in a target{NearestName.Hint(entry.Key, Fields)} Read are {string.Join(", ", Fields)}.");
            return new(target.At, target.Text("group"), target.Text("version"), target.Text("kind"), target.Text("name"), target.Text("namespace"));
        }
        if (document is YamlMap map && map.Text("kind") is { } kind && map.Text("metadata", "name") is { } name && map.Text("apiVersion") is { } apiVersion)
        {
            var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
            return new(map.At, slash < 0 ? "" : apiVersion[..slash], apiVersion[(slash + 1)..], kind, Regex.Escape(name), null);
        }
        problems.Add($"{(document is YamlList ? patch : document).At}: {(document is YamlList ? "a list of operations needs a target with a kind" : "a partial object without a target needs apiVersion, kind and metadata.name")}.");
        return null;
    }

    public bool Matches(ManifestObject value)
    {
        var slash = value.ApiVersion.IndexOf('/', StringComparison.Ordinal);
        return (Group is null || Group == (slash < 0 ? "" : value.ApiVersion[..slash]))
            && (Version is null || Version == value.ApiVersion[(slash + 1)..])
            && (Kind is null || Kind == value.Kind)
            && Fits(Name, value.Name)
            && Fits(Namespace, value.Namespace ?? "");
    }

    public override string ToString() => $"of kind {Kind ?? "any"}{(Name is null ? "" : $" named {Regex.Unescape(Name)}")}";

    private bool Fits(string? pattern, string text)
    {
        if (pattern is null)
            return true;
        try
        {
            return Regex.IsMatch(text, $@"\A(?:{pattern})\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        }
        catch (Exception exception) when (exception is ArgumentException or RegexMatchTimeoutException)
        {
            throw new UserException($"{At}: '{pattern}' is no pattern for a name: {exception.Message}", exception);
        }
    }
}
