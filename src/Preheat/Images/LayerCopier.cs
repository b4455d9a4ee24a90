using Preheat.Runs;

namespace Preheat.Images;

/// <summary>Brings layers of another image into a store: they are there, are mounted, or are streamed from registry to registry.</summary>
internal sealed class LayerCopier(RegistryClient from, IImageStore to, IEventSink events, TimeProvider time)
{
    private int _copied;

    /// <summary>Layers whose bytes were sent.</summary>
    public int Copied => _copied;

    /// <returns>The layer's descriptor in OCI terms.</returns>
    public async Task<Descriptor> CopyAsync(string source, Descriptor layer, CancellationToken cancellation)
    {
        var result = new Descriptor { MediaType = MediaTypes.OciLayerType(layer.MediaType), Digest = layer.Digest, Size = layer.Size };
        await BringAsync(source, layer, cancellation);
        return result;
    }

    /// <summary>Brings any blob, whatever its type.</summary>
    public async Task BringAsync(string source, Descriptor blob, CancellationToken cancellation)
    {
        if (await to.HasBlobAsync(blob.Digest, blob.Size, cancellation) || await to.TryMountAsync(blob.Digest, from, source, cancellation))
            return;
        var subject = $"base layer {blob.Digest.Hex[..12]}";
        await to.PushAsync(
            blob.Digest,
            () => new StreamBlobContent(token => from.OpenBlobAsync(source, blob, token), blob.Size, new ByteMeter(subject, blob.Size, events, time).Add),
            cancellation);
        Interlocked.Increment(ref _copied);
    }
}
