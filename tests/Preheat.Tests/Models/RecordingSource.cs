using System.Collections.Concurrent;
using Preheat.Models;

namespace Preheat.Tests.Models;

/// <summary>Remembers how far into each file was read.</summary>
internal sealed class RecordingSource(IModelSource inner) : IModelSource
{
    public ConcurrentDictionary<string, long> Ends { get; } = new();

    public string Description => inner.Description;

    public Task<ModelListing> ListAsync(CancellationToken cancellation) => inner.ListAsync(cancellation);

    public Task<Stream> OpenAsync(ModelFile file, long offset, long? length, CancellationToken cancellation)
    {
        var end = offset + (length ?? file.Size - offset);
        Ends.AddOrUpdate(file.Path, end, (_, before) => Math.Max(before, end));
        return inner.OpenAsync(file, offset, length, cancellation);
    }

    public void Dispose() => inner.Dispose();
}
