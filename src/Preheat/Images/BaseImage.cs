using System.Text.Json.Nodes;

namespace Preheat.Images;

/// <summary>An image to build on: its manifest for one platform and its config.</summary>
public sealed record BaseImage
{
    private const int LongestConfig = 8 << 20;
    private const int DeepestIndex = 4;

    /// <summary>Pinned to the digest of the platform's manifest.</summary>
    public required ImageReference Reference { get; init; }

    public required ImageManifest Manifest { get; init; }

    /// <summary>The manifest as the registry serves it, whose digest <see cref="Reference"/> names.</summary>
    public required ManifestContent Content { get; init; }

    /// <summary>Digest of what the name that was asked for points at: an index, or the manifest itself. Another one means that a tag has moved.</summary>
    public required Digest Named { get; init; }

    /// <summary>The config's exact bytes.</summary>
    public required ReadOnlyMemory<byte> Config { get; init; }

    /// <summary>Pulls manifest and config; of an index the manifest for the platform.</summary>
    /// <exception cref="UserException">The image is missing, may not be read, or is not made for the platform.</exception>
    public static async Task<BaseImage> PullAsync(RegistryClient registry, ImageReference reference, ImagePlatform platform, CancellationToken cancellation)
    {
        var content = await registry.GetManifestAsync(reference.Repository, reference.ManifestName, cancellation);
        var named = content.Digest;
        for (var depth = 0; MediaTypes.IsIndex(content.MediaType); depth++)
        {
            if (depth == DeepestIndex)
                throw new UserException($"{reference} is an index of indexes more than {DeepestIndex} deep. Choose another base image.");
            var index = ManifestJson.Read<ImageIndex>(content.Bytes.Span, $"The index of {reference}");
            var chosen = platform.Choose(index, reference);
            content = await registry.GetManifestAsync(reference.Repository, chosen.Digest.ToString(), cancellation);
            if (content.Bytes.Length != chosen.Size)
                throw new PreheatException($"The manifest {chosen.Digest} of {reference} has {content.Bytes.Length:N0} bytes, where its index says {chosen.Size:N0}. Push the image anew, or choose another.");
        }
        var manifest = ManifestJson.Read<ImageManifest>(content.Bytes.Span, $"The manifest of {reference}");
        if (manifest.Config.MediaType is not (MediaTypes.OciConfig or MediaTypes.DockerConfig))
            throw new UserException($"{reference} is no container image: its config has the type {manifest.Config.MediaType}. Choose another base image.");
        var config = await registry.ReadBlobAsync(reference.Repository, manifest.Config, LongestConfig, cancellation);
        if (PlatformOf(config) is { } made && !platform.Fits(made))
            throw new UserException($"{reference} is made for {made.Os}/{made.Architecture}, not for {platform}. Name its platform with --image-platform, or choose another image.");
        return new BaseImage
        {
            Reference = reference.WithDigest(content.Digest),
            Manifest = manifest,
            Content = content,
            Named = named,
            Config = config,
        };
    }

    /// <summary>What an image says that it runs on (OCI image specification, <c>config.md</c>); null when it does not.</summary>
    private static Platform? PlatformOf(ReadOnlyMemory<byte> config)
    {
        try
        {
            return JsonNode.Parse(config.Span) is JsonObject root && (string?)root["os"] is { Length: > 0 } os && (string?)root["architecture"] is { Length: > 0 } architecture
                ? new Platform { Os = os, Architecture = architecture, Variant = (string?)root["variant"] }
                : null;
        }
        catch (Exception exception) when (exception is System.Text.Json.JsonException or InvalidOperationException)
        {
            return null; // ReadConfig says what is wrong with it.
        }
    }

    /// <summary>The config as JSON, unknown fields kept.</summary>
    public JsonObject ReadConfig()
    {
        try
        {
            if (JsonNode.Parse(Config.Span) is JsonObject root && root["rootfs"]?["diff_ids"] is JsonArray diffIds && diffIds.Count == Manifest.Layers.Count)
                return root;
        }
        catch (Exception exception) when (exception is System.Text.Json.JsonException or InvalidOperationException)
        {
            // Said below.
        }
        throw new UserException($"The config of {Reference} does not list one diff_id for each of its {Manifest.Layers.Count} layers. Push the base image anew, or choose another.");
    }
}
