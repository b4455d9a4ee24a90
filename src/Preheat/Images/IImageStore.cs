namespace Preheat.Images;

/// <summary>Where the blobs and manifests of one image go: a repository of a registry, or a directory in OCI layout.</summary>
internal interface IImageStore
{
    /// <summary>True when the blob is there in its full size.</summary>
    Task<bool> HasBlobAsync(Digest digest, long size, CancellationToken cancellation);

    /// <summary>Writes a blob whose digest becomes known on the way; <paramref name="create"/> makes the content anew for each try.</summary>
    /// <param name="committing">Told the digest before the blob is committed.</param>
    Task<Digest> StreamAsync(Func<BlobContent> create, Action<Digest>? committing, CancellationToken cancellation);

    /// <summary>Writes a blob whose digest is known beforehand.</summary>
    Task PushAsync(Digest digest, Func<BlobContent> create, CancellationToken cancellation);

    /// <summary>Takes a blob over from a repository of a registry without moving its bytes; false when that is not possible.</summary>
    Task<bool> TryMountAsync(Digest digest, RegistryClient from, string repository, CancellationToken cancellation);

    /// <summary>The manifest under a tag or digest; null when there is none.</summary>
    Task<ManifestContent?> FindManifestAsync(string name, CancellationToken cancellation);

    /// <summary>Puts an image's manifest under a tag.</summary>
    Task TagAsync(string tag, byte[] manifest, CancellationToken cancellation);

    /// <summary>Puts a manifest that refers to another one by its <c>subject</c>, unless it is there.</summary>
    /// <param name="referrer">The manifest's own descriptor, with its artifact type.</param>
    Task AttachAsync(Descriptor subject, Descriptor referrer, byte[] manifest, CancellationToken cancellation);
}

/// <summary>What every store can do through the others.</summary>
internal static class ImageStores
{
    /// <summary>Writes a small blob unless it is there.</summary>
    public static async Task<Descriptor> PushAsync(this IImageStore store, string mediaType, byte[] blob, CancellationToken cancellation)
    {
        var descriptor = new Descriptor { MediaType = mediaType, Digest = Digest.Of(blob), Size = blob.Length };
        if (!await store.HasBlobAsync(descriptor.Digest, blob.Length, cancellation))
            await store.PushAsync(descriptor.Digest, () => StreamBlobContent.Of(blob), cancellation);
        return descriptor;
    }
}
