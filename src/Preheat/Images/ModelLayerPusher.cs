using Preheat.Models;
using Preheat.Runs;

namespace Preheat.Images;

/// <summary>Brings one layer of model files into a store: a known one that is still there, or a new one streamed from the source.</summary>
internal sealed class ModelLayerPusher(
    IModelSource source, IImageStore store, IReadOnlyList<KnownLayer> known, LayerJournal journal, LayerCompression compression,
    IEventSink events, TimeProvider time)
{
    private int _sent;
    private long _sentBytes;

    /// <summary>Layers whose bytes were sent.</summary>
    public int Sent => _sent;

    public long SentBytes => Interlocked.Read(ref _sentBytes);

    public async Task<KnownLayer> PushAsync(IReadOnlyList<LayerFile> planned, CancellationToken cancellation)
    {
        if (await FindAsync(planned, cancellation) is { } there)
            return there;
        if (known.Any(layer => layer.Compression == compression && !layer.Holds(planned) && layer.MayHold(planned)))
        {
            // Reading is cheaper than sending: the hashes tell whether a layer that is there is this one.
            planned = await HashAsync(planned, cancellation);
            if (await FindAsync(planned, cancellation) is { } same)
            {
                var remembered = same with { Files = [.. planned.Select(file => new KnownFile(file.Path, file.Source.Size, file.Source.Sha256!, file.Source.Identity) { Attributes = file.Attributes.Text })] };
                journal.Add(remembered);
                return remembered;
            }
        }
        var subject = planned.Count == 1 ? planned[0].Path : $"{planned.Count} small files";
        var total = planned.Sum(file => file.Source.Size);
        ModelLayerContent? last = null;
        var digest = await store.StreamAsync(
            () => last = new ModelLayerContent(planned, source, compression, new ByteMeter(subject, total, events, time).Add),
            // Before the commit: a process killed right after it would not know that this layer is finished.
            committed => journal.Add(Written(committed, last!)),
            cancellation);
        // A dry run sends nothing, and so learns nothing.
        if (last!.Written.Count == 0)
            return new KnownLayer(digest, last.Length, []);
        var layer = Written(digest, last);
        Interlocked.Increment(ref _sent);
        Interlocked.Add(ref _sentBytes, layer.Size);
        return layer;
    }

    private KnownLayer Written(Digest digest, ModelLayerContent content) => new(digest, content.BytesSent, [.. content.Written])
    {
        Compression = compression,
        Uncompressed = compression == LayerCompression.None ? null : content.Result.DiffId,
    };

    private async Task<KnownLayer?> FindAsync(IReadOnlyList<LayerFile> planned, CancellationToken cancellation)
    {
        foreach (var layer in known.Where(layer => layer.Compression == compression && layer.Holds(planned)).DistinctBy(layer => layer.Digest))
        {
            if (await store.HasBlobAsync(layer.Digest, layer.Size, cancellation))
                return layer;
        }
        return null;
    }

    private async Task<IReadOnlyList<LayerFile>> HashAsync(IReadOnlyList<LayerFile> planned, CancellationToken cancellation)
    {
        var hashed = new List<LayerFile>(planned.Count);
        foreach (var file in planned)
            hashed.Add(file.Source.Sha256 is null ? file with { Source = await ContentVerifier.HashAsync(source, file.Source, null, cancellation) } : file);
        return hashed;
    }
}
