using System.Text.Json;

namespace Preheat.LocalCloud.Registry;

/// <summary>Resolves logical references against the embedded registry's repositories.</summary>
/// <remarks>
/// <c>ghcr.io/P</c> is repository <c>P</c>; <c>REGION-docker.pkg.dev/P/R/I</c> is repository <c>P/R/I</c> whatever the region; a name of Docker Hub (no host, or <c>docker.io</c>)
/// is the repository of that name, with <c>library/</c> before a single word; its own address (<c>127.0.0.1:PORT</c>) is itself. Of an index the linux/amd64 manifest counts.
/// </remarks>
internal sealed class ImageStore(RepositoryStore store, int port) : IImageStore
{
    public StoredImage? Find(string reference)
    {
        if (Repository(reference) is not var (name, version) || !RepositoryStore.IsName(name) || !store.TryManifest(name, version, out var manifest))
        {
            return null;
        }

        using var document = Open(manifest.Digest);
        if (!ManifestRules.IsIndex(manifest.MediaType))
        {
            return Read(reference, manifest.Digest, document.RootElement);
        }

        foreach (var entry in document.RootElement.GetProperty("manifests").EnumerateArray())
        {
            if (entry.TryGetProperty("platform", out var platform) && platform.GetProperty("os").GetString() == "linux"
                && platform.GetProperty("architecture").GetString() == "amd64"
                && store.TryManifest(name, entry.GetProperty("digest").GetString()!, out var image))
            {
                using var inner = Open(image.Digest);
                return Read(reference, image.Digest, inner.RootElement);
            }
        }

        return null;
    }

    private (string Name, string Version)? Repository(string reference)
    {
        var (path, version) = (reference, "latest");
        var at = path.IndexOf('@');
        if (at >= 0)
        {
            (path, version) = (path[..at], path[(at + 1)..]);
        }

        var colon = path.LastIndexOf(':');
        if (colon > path.LastIndexOf('/'))
        {
            (path, version) = (path[..colon], at >= 0 ? version : path[(colon + 1)..]); // a digest wins over a tag
        }

        var slash = path.IndexOf('/');
        var host = slash < 0 ? "" : path[..slash];
        if (!host.Contains('.') && !host.Contains(':') && host != "localhost")
        {
            host = "docker.io";
        }
        else
        {
            path = path[(slash + 1)..];
        }

        if (host is "docker.io" or "index.docker.io" or "registry-1.docker.io")
        {
            return (path.Contains('/') ? path : $"library/{path}", version);
        }

        return host == "ghcr.io" || host.EndsWith("-docker.pkg.dev", StringComparison.Ordinal) || host == $"127.0.0.1:{port}" || host == $"localhost:{port}" ? (path, version) : null;
    }

    private static IReadOnlyList<string> Strings(JsonElement config, string name) =>
        config.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(item => item.GetString()!)] : [];

    private static string Text(JsonElement config, string name) => config.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";

    private static Digest DigestOf(JsonElement descriptor) =>
        Digest.TryParse(descriptor.GetProperty("digest").GetString(), out var digest) ? digest : throw new InvalidDataException("A stored manifest has a bad digest.");

    private JsonDocument Open(Digest digest) => JsonDocument.Parse(File.ReadAllBytes(store.BlobPath(digest)));

    private StoredImage Read(string reference, Digest digest, JsonElement manifest)
    {
        using var document = Open(DigestOf(manifest.GetProperty("config")));
        var config = document.RootElement.TryGetProperty("config", out var inner) && inner.ValueKind == JsonValueKind.Object ? inner : default;
        var parsed = config.ValueKind == JsonValueKind.Undefined
            ? new ImageConfig([], [], [], "", "")
            : new ImageConfig(Strings(config, "Entrypoint"), Strings(config, "Cmd"), Strings(config, "Env"), Text(config, "WorkingDir"), Text(config, "User"));
        var layers = manifest.GetProperty("layers").EnumerateArray().Select(layer => new StoredLayer(
            DigestOf(layer).ToString(),
            layer.GetProperty("size").GetInt64(),
            layer.GetProperty("mediaType").GetString()!,
            store.BlobPath(DigestOf(layer))));
        return new StoredImage(reference, digest.ToString(), parsed, [.. layers]);
    }
}
