using Preheat.Runs;

namespace Preheat.Images;

/// <summary>Brings layers of another image into a repository: they are there, are mounted, or are streamed from registry to registry.</summary>
internal sealed class LayerCopier(RegistryClient from, RegistryClient to, IEventSink events, TimeProvider time)
{
    private int _copied;

    /// <summary>Layers whose bytes were sent.</summary>
    public int Copied => _copied;

    /// <returns>The layer's descriptor in OCI terms.</returns>
    public async Task<Descriptor> CopyAsync(string source, string target, Descriptor layer, CancellationToken cancellation)
    {
        var result = new Descriptor { MediaType = MediaTypes.OciLayerType(layer.MediaType), Digest = layer.Digest, Size = layer.Size };
        if (await to.HasBlobAsync(target, layer.Digest, layer.Size, cancellation))
            return result;
        // One address under two logical hosts (the embedded registry) is one registry.
        if (from.Address == to.Address && await to.Uploads.TryMountAsync(target, layer.Digest, source, cancellation))
            return result;
        var subject = $"base layer {layer.Digest.Hex[..12]}";
        await to.Uploads.PushAsync(
            target,
            layer.Digest,
            () => new StreamBlobContent(token => from.OpenBlobAsync(source, layer, token), layer.Size, new ByteMeter(subject, layer.Size, events, time).Add),
            cancellation);
        Interlocked.Increment(ref _copied);
        return result;
    }
}
