using System.Text.Json;

namespace Preheat.LocalCloud.Registry;

/// <summary>What a manifest must fulfil before a repository takes it (OCI image specification v1.1, Docker image manifest V2 schema 2).</summary>
internal static class ManifestRules
{
    public const int MaximumSize = 4 << 20;
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
    public const string DockerList = "application/vnd.docker.distribution.manifest.list.v2+json";
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32 };

    public static bool IsIndex(string mediaType) => mediaType is DockerList or OciIndex;

    /// <exception cref="RegistryException">MANIFEST_INVALID, or MANIFEST_BLOB_UNKNOWN for a reference that the repository does not have.</exception>
    public static void Check(RepositoryStore store, string name, string? mediaType, ReadOnlyMemory<byte> content)
    {
        if (mediaType is not (DockerManifest or DockerList or OciManifest or OciIndex))
        {
            throw RegistryException.ManifestInvalid($"Content-Type \"{mediaType}\" is not a manifest type");
        }

        try
        {
            using var document = JsonDocument.Parse(content, Strict);
            var root = document.RootElement;
            if (!root.TryGetProperty("schemaVersion", out var version) || version.GetInt32() != 2)
            {
                throw RegistryException.ManifestInvalid("schemaVersion is not 2");
            }

            if (root.TryGetProperty("mediaType", out var inner) && inner.GetString() != mediaType)
            {
                throw RegistryException.ManifestInvalid($"mediaType \"{inner.GetString()}\" differs from the Content-Type \"{mediaType}\"");
            }

            // A subject need not be there, but it must be a descriptor.
            if (root.TryGetProperty("subject", out var subject))
            {
                CheckForm(subject);
            }

            if (IsIndex(mediaType))
            {
                foreach (var entry in root.GetProperty("manifests").EnumerateArray())
                {
                    CheckDescriptor(entry, digest => store.TryManifest(name, digest.ToString(), out _), store);
                }

                return;
            }

            CheckDescriptor(root.GetProperty("config"), digest => store.HasBlob(name, digest), store);
            foreach (var layer in root.GetProperty("layers").EnumerateArray())
            {
                if (!layer.TryGetProperty("urls", out _)) // foreign layers live elsewhere
                {
                    CheckDescriptor(layer, digest => store.HasBlob(name, digest), store);
                }
            }
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw RegistryException.ManifestInvalid($"manifest invalid: {error.Message}");
        }
    }

    private static (Digest Digest, long Size) CheckForm(JsonElement descriptor)
    {
        var text = descriptor.GetProperty("digest").GetString();
        if (!Digest.TryParse(text, out var digest))
        {
            throw RegistryException.ManifestInvalid($"\"{text}\" is not a sha256 digest");
        }

        if (string.IsNullOrEmpty(descriptor.GetProperty("mediaType").GetString()))
        {
            throw RegistryException.ManifestInvalid($"{digest} has no mediaType");
        }

        return (digest, descriptor.GetProperty("size").GetInt64());
    }

    private static void CheckDescriptor(JsonElement descriptor, Func<Digest, bool> exists, RepositoryStore store)
    {
        var (digest, stated) = CheckForm(descriptor);
        if (!exists(digest))
        {
            throw new RegistryException(400, "MANIFEST_BLOB_UNKNOWN", "manifest references a manifest or blob unknown to registry", digest.ToString());
        }

        var actual = new FileInfo(store.BlobPath(digest)).Length;
        if (stated != actual)
        {
            throw RegistryException.ManifestInvalid($"{digest} has {actual} bytes, the manifest says {stated}");
        }
    }
}
