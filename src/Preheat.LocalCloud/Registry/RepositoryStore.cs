using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.RegularExpressions;
using Preheat.LocalCloud.Hosting;

namespace Preheat.LocalCloud.Registry;

/// <summary>A manifest as a repository holds it; its bytes are a blob.</summary>
internal sealed record StoredManifest(Digest Digest, string MediaType);

/// <summary>Blobs once per registry; which repository shows which blob, manifest and tag as small files beside them.</summary>
/// <remarks>
/// <c>blobs/sha256/xx/HEX</c>; <c>repositories/NAME/_blobs/HEX</c> (empty), <c>_manifests/HEX</c> (media type), <c>_tags/TAG</c> (digest).
/// No path component of a name begins with an underscore, so these never meet a repository.
/// </remarks>
internal sealed partial class RepositoryStore
{
    private readonly string _blobs;
    private readonly string _repositories;

    public RepositoryStore(string root)
    {
        _blobs = Path.Combine(root, "blobs", "sha256");
        _repositories = Path.Combine(root, "repositories");
        Directory.CreateDirectory(_blobs);
        Directory.CreateDirectory(_repositories);
    }

    /// <summary>Grammar of the distribution specification, "Pulling manifests"; 255 characters at most.</summary>
    public static bool IsName(string name) => name.Length <= 255 && NameGrammar().IsMatch(name);

    /// <inheritdoc cref="IsName"/>
    public static bool IsTag(string tag) => TagGrammar().IsMatch(tag);

    public string BlobPath(Digest digest) => Path.Combine(_blobs, digest.Hex[..2], digest.Hex);

    public bool HasBlob(string name, Digest digest) => File.Exists(Link(name, "_blobs", digest.Hex)) && File.Exists(BlobPath(digest));

    public bool Exists(string name) => Directory.Exists(Path.Combine(_repositories, name, "_manifests"));

    /// <summary>Takes a finished upload over and shows it in a repository.</summary>
    public void Adopt(string name, Digest digest, string file)
    {
        var target = BlobPath(digest);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Move(file, target, overwrite: true);
        LinkBlob(name, digest);
    }

    public void PutBlob(string name, Digest digest, ReadOnlySpan<byte> content)
    {
        WriteBlob(digest, content);
        LinkBlob(name, digest);
    }

    public void LinkBlob(string name, Digest digest) => Write(Link(name, "_blobs", digest.Hex), []);

    public void PutManifest(string name, StoredManifest manifest, ReadOnlySpan<byte> content, string? tag)
    {
        WriteBlob(manifest.Digest, content);
        Write(Link(name, "_manifests", manifest.Digest.Hex), Encoding.UTF8.GetBytes(manifest.MediaType));
        if (tag is not null)
        {
            Write(Link(name, "_tags", tag), Encoding.UTF8.GetBytes(manifest.Digest.ToString()));
        }
    }

    /// <param name="name">Repository.</param>
    /// <param name="reference">A digest or a tag.</param>
    /// <param name="manifest">The manifest found.</param>
    public bool TryManifest(string name, string reference, [NotNullWhen(true)] out StoredManifest? manifest)
    {
        manifest = null;
        if (!Digest.TryParse(reference, out var digest)
            && !(IsTag(reference) && Digest.TryParse(ReadOrNull(Link(name, "_tags", reference)), out digest)))
        {
            return false;
        }

        if (ReadOrNull(Link(name, "_manifests", digest.Hex)) is not { } mediaType || !File.Exists(BlobPath(digest)))
        {
            return false;
        }

        manifest = new StoredManifest(digest, mediaType);
        return true;
    }

    /// <summary>Takes a blob out of a repository; other repositories keep it, and so do its bytes.</summary>
    public bool RemoveBlob(string name, Digest digest)
    {
        var known = HasBlob(name, digest);
        File.Delete(Link(name, "_blobs", digest.Hex));
        return known;
    }

    public void RemoveTag(string name, string tag) => File.Delete(Link(name, "_tags", tag));

    /// <summary>Takes a manifest out of a repository, with the tags on it.</summary>
    public void RemoveManifest(string name, Digest digest)
    {
        foreach (var tag in Tags(name).Where(tag => ReadOrNull(Link(name, "_tags", tag)) == digest.ToString()))
        {
            RemoveTag(name, tag);
        }

        File.Delete(Link(name, "_manifests", digest.Hex));
    }

    /// <summary>All manifests of a repository by digest.</summary>
    public IReadOnlyList<StoredManifest> Manifests(string name)
    {
        var folder = new DirectoryInfo(Path.Combine(_repositories, name, "_manifests"));
        return folder.Exists
            ? [.. folder.EnumerateFiles().Select(file => $"sha256:{file.Name}").Order(StringComparer.Ordinal)
                .Select(digest => TryManifest(name, digest, out var manifest) ? manifest : null).OfType<StoredManifest>()]
            : [];
    }

    public IReadOnlyList<string> Tags(string name)
    {
        var folder = new DirectoryInfo(Path.Combine(_repositories, name, "_tags"));
        return folder.Exists
            ? [.. folder.EnumerateFiles().Select(file => file.Name).Where(IsTag).Order(StringComparer.Ordinal)]
            : [];
    }

    private static string? ReadOrNull(string path) => File.Exists(path) ? File.ReadAllText(path) : null;

    private static void Write(string path, ReadOnlySpan<byte> content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, content);
    }

    private void WriteBlob(Digest digest, ReadOnlySpan<byte> content)
    {
        if (!File.Exists(BlobPath(digest)))
        {
            Write(BlobPath(digest), content);
        }
    }

    private string Link(string name, string kind, string entry) => Path.Combine(_repositories, name, kind, entry);

    [GeneratedRegex(@"\A[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\z", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex NameGrammar();

    [GeneratedRegex(@"\A[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}\z", RegexOptions.NonBacktracking)]
    private static partial Regex TagGrammar();
}
