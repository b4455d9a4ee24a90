using Preheat.Runs;

namespace Preheat.Images;

/// <summary>Pins an image to a digest and brings it into the serving region's repository, so that nodes pull from nearby and a tag that moves changes nothing.</summary>
public static class Mirror
{
    /// <summary>Layers on their way at the same time; two fill a network link and keep memory small.</summary>
    private const int Uploads = 2;

    /// <summary>
    /// Copies byte by byte: blobs that are there stay, those of the same registry are mounted, others are streamed from registry to registry. The manifest goes last and
    /// unchanged, so the copy has the original's digest, and an image that exists is whole.
    /// </summary>
    /// <exception cref="UserException">Bad reference, or a registry that refuses; nothing is tagged.</exception>
    /// <exception cref="PreheatException">An upload failed at every try; nothing is tagged.</exception>
    public static async Task<ServingImage> CopyAsync(
        MirrorRequest request, CloudEndpoints endpoints, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var target = ImageReference.Parse($"{request.Repository}:{request.Tag}");
        var source = ImageReference.Parse(request.BaseImage);
        using var from = new RegistryClient(source.Host, endpoints, time, events: events);
        using var to = new RegistryClient(target.Host, endpoints, time, events: events);

        var image = await BaseImage.PullAsync(from, source, request.Platform, cancellation);
        IReadOnlyList<Descriptor> blobs = [.. image.Manifest.Layers.Append(image.Manifest.Config).DistinctBy(blob => blob.Digest)];
        var total = new TransferTotal("BakeImage", [.. blobs.Select(blob => blob.Size)], events, time);
        var copier = new LayerCopier(from, new RegistryImageStore(to, target.Repository), total, time);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, blobs.Count),
            new ParallelOptions { MaxDegreeOfParallelism = Uploads, CancellationToken = cancellation },
            async (i, token) => await total.RunAsync(i, () => copier.BringAsync(source.Repository, blobs[i], token)));
        var digest = image.Content.Digest;
        if (await to.FindManifestAsync(target.Repository, target.ManifestName, cancellation) is not { } now || now.Digest != digest)
            await to.Uploads.PutManifestAsync(target.Repository, target.ManifestName, image.Content.MediaType, image.Content.Bytes, cancellation);
        events.Emit(new Note($"{source} is pinned to {digest}; {copier.Copied} of {blobs.Count} blobs copied to {target.Host}, the others were there or mounted."));
        return new ServingImage
        {
            Reference = target.WithDigest(digest).ToString(),
            Digest = digest.ToString(),
            Size = image.Manifest.Config.Size + image.Manifest.Layers.Sum(layer => layer.Size),
            Layers = image.Manifest.Layers.Count,
            Region = request.Region,
            BaseImage = image.Reference.ToString(),
            BaseNamed = image.Named.ToString(),
        };
    }
}
