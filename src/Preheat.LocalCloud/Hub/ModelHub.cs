using System.Collections.Concurrent;

namespace Preheat.LocalCloud.Hub;

/// <summary>The model repositories that the embedded hub serves: the built-in one, and folders that a test publishes.</summary>
public sealed class ModelHub
{
    /// <summary>The built-in model once more, behind terms that only the account of <see cref="HubAccess.DemoToken"/> has accepted.</summary>
    private const string GatedGemma = TinyGemma.Id + "-gated";

    private readonly ConcurrentDictionary<string, HubModel> _published = new(StringComparer.Ordinal);
    private readonly Lazy<HubModel> _tinyGemma;

    internal ModelHub(string root) => _tinyGemma = new Lazy<HubModel>(() => TinyGemma.Open(root));

    /// <summary>Serves the present content of a folder as the next commit of a repository; earlier commits stay readable while their files do.</summary>
    /// <param name="id"><c>organisation/name</c>.</param>
    /// <param name="directory">A folder in the layout of a hub repository; it is read in place.</param>
    /// <param name="requiredToken">Makes the repository gated: only this token opens it.</param>
    /// <returns>The commit, 40 hex digits.</returns>
    public string Publish(string id, string directory, string? requiredToken = null)
    {
        var files = Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(directory, path).Replace('\\', '/'))
            .Order(StringComparer.Ordinal)
            .Select(path => GitHash.Describe(directory, path))
            .ToList();
        var revision = new HubRevision(GitHash.Commit(files), files);
        _published.AddOrUpdate(
            id,
            _ => new HubModel(id, [revision]) { RequiredToken = requiredToken },
            (_, model) => model with { Revisions = [.. model.Revisions, revision], RequiredToken = requiredToken });
        return revision.Commit;
    }

    internal HubModel? Find(string id) => _published.TryGetValue(id, out var model) ? model
        : id == TinyGemma.Id ? _tinyGemma.Value
        : id == GatedGemma ? _tinyGemma.Value with { Id = GatedGemma, RequiredToken = HubAccess.DemoToken, License = "gemma" }
        : null;

    internal HubFile? FindLarge(string id, string sha256) =>
        Find(id)?.Revisions.SelectMany(revision => revision.Files).FirstOrDefault(file => file.Sha256 == sha256);
}
