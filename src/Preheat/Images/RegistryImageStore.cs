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
        if (!await registry.HasManifestAsync(repository, referrer.Digest.ToString(), cancellation))
            await registry.Uploads.PutManifestAsync(repository, referrer.Digest.ToString(), MediaTypes.OciManifest, manifest, cancellation);
        if (!await registry.HasReferrersAsync(repository, subject.Digest, cancellation))
            await ListUnderTagAsync(subject.Digest, referrer, cancellation);
    }

    /// <summary>For a registry without a referrers API: an index under the tag <c>sha256-HEX</c>.</summary>
    /// <remarks>https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema</remarks>
    private async Task ListUnderTagAsync(Digest subject, Descriptor referrer, CancellationToken cancellation)
    {
        var tag = $"sha256-{subject.Hex}";
        var found = await FindManifestAsync(tag, cancellation);
        var listed = found is null ? [] : ManifestJson.Read<ImageIndex>(found.Bytes.Span, $"The index {tag}").Manifests;
        if (listed.Any(entry => entry.Digest == referrer.Digest))
            return;
        var index = new ImageIndex
        {
            MediaType = MediaTypes.OciIndex,
            Manifests = [.. listed.Append(referrer).OrderBy(entry => entry.ArtifactType, StringComparer.Ordinal).ThenBy(entry => entry.Digest.Hex, StringComparer.Ordinal)],
        };
        await registry.Uploads.PutManifestAsync(repository, tag, MediaTypes.OciIndex, ManifestJson.Write(index), cancellation);
    }
}
