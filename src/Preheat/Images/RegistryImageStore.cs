using System.Text.Json;
using System.Text.Json.Nodes;

namespace Preheat.Images;

/// <summary>A repository of a registry.</summary>
internal sealed class RegistryImageStore(RegistryClient registry, string repository) : IImageStore
{
    public Task<bool> HasBlobAsync(Digest digest, long size, CancellationToken cancellation) => registry.HasBlobAsync(repository, digest, size, cancellation);

    public Task<Digest> StreamAsync(Func<BlobContent> create, Action<Digest>? committing, CancellationToken cancellation) =>
        registry.Uploads.StreamAsync(repository, create, committing, cancellation);

    public Task PushAsync(Digest digest, Func<BlobContent> create, CancellationToken cancellation) => registry.Uploads.PushAsync(repository, digest, create, cancellation);

    // One address under two logical hosts (the embedded registry) is one registry.
    public async Task<bool> TryMountAsync(Digest digest, RegistryClient from, string source, CancellationToken cancellation) =>
        from.Address == registry.Address && await registry.Uploads.TryMountAsync(repository, digest, source, cancellation);

    public Task<ManifestContent?> FindManifestAsync(string name, CancellationToken cancellation) => registry.FindManifestAsync(repository, name, cancellation);

    public async Task TagAsync(string tag, byte[] manifest, CancellationToken cancellation)
    {
        // Under an immutable tag the same image again is fine, so nothing is put that is there.
        if ((await FindManifestAsync(tag, cancellation))?.Digest != Digest.Of(manifest))
            await registry.Uploads.PutManifestAsync(repository, tag, MediaTypes.OciManifest, manifest, cancellation);
    }

    public async Task AttachAsync(Descriptor subject, Descriptor referrer, byte[] manifest, CancellationToken cancellation)
    {
        var listed = !await registry.HasManifestAsync(repository, referrer.Digest.ToString(), cancellation)
            && await registry.Uploads.PutReferrerAsync(repository, subject.Digest, manifest, cancellation);
        if (!listed && !await registry.HasReferrersAsync(repository, subject.Digest, cancellation))
            await ListUnderTagAsync(subject.Digest, referrer, cancellation);
    }

    /// <summary>For a registry without a referrers API: an index under the tag <c>sha256-HEX</c>.</summary>
    /// <remarks>https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema</remarks>
    private async Task ListUnderTagAsync(Digest subject, Descriptor referrer, CancellationToken cancellation)
    {
        var tag = $"sha256-{subject.Hex}";
        var found = await FindManifestAsync(tag, cancellation);
        if (found is not null && found.MediaType != MediaTypes.OciIndex)
            throw new UserException($"{registry.Host}/{repository} has the tag {tag}, where the image's referrers are listed, on a {found.MediaType}. Delete the tag, then run the step again.");
        if (found is not null && ManifestJson.Read<ImageIndex>(found.Bytes.Span, $"The index {tag}").Manifests.Any(entry => entry.Digest == referrer.Digest))
            return;
        // As JSON, so that what others have written into it stays.
        var index = found is null
            ? new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = MediaTypes.OciIndex, ["manifests"] = new JsonArray() }
            : JsonNode.Parse(found.Bytes.Span)!.AsObject();
        var entries = index["manifests"]!.AsArray();
        entries.Add(JsonSerializer.SerializeToNode(referrer, ManifestJson.Options));
        index["manifests"] = new JsonArray([.. entries
            .OrderBy(entry => (string?)entry!["artifactType"], StringComparer.Ordinal).ThenBy(entry => (string?)entry!["digest"], StringComparer.Ordinal).Select(entry => entry!.DeepClone())]);
        await registry.Uploads.PutManifestAsync(repository, tag, MediaTypes.OciIndex, ManifestJson.Write(index), cancellation);
    }
}
