using System.Buffers;
using System.Security.Cryptography;
using Preheat.Models;

namespace Preheat.Images;

/// <summary>Writes a blob to a connection and hashes it on the way: reading, hashing and sending run side by side on two buffers.</summary>
internal sealed class BlobWriter(Stream target) : IDisposable
{
    private const int BufferSize = 1 << 20;

    // A connection that moves nothing for this long is lost. Real time on purpose: it guards sockets, not modelled phases.
    private static readonly TimeSpan Stalled = TimeSpan.FromMinutes(2);

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public Digest Finish() => Digest.FromHash(_hash.GetHashAndReset());

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        _hash.AppendData(bytes.Span);
        await target.WriteAsync(bytes, cancellation);
    }

    /// <summary>Copies exactly <paramref name="size"/> bytes and requires the source to end there.</summary>
    /// <param name="alongside">Gets the same bytes for a further hash; null for none.</param>
    /// <param name="moved">Told how many bytes each step moved.</param>
    /// <exception cref="SourceException">The source failed, is too short or too long.</exception>
    public async Task CopyAsync(Stream source, long size, ContentHash? alongside, Action<long>? moved, CancellationToken cancellation)
    {
        var current = ArrayPool<byte>.Shared.Rent(BufferSize);
        var next = ArrayPool<byte>.Shared.Rent(BufferSize);
        var left = size;
        var filled = await FillAsync(source, current, left, cancellation);
        while (filled > 0)
        {
            left -= filled;
            var bytes = current.AsMemory(0, filled);
            var hashing = Task.Run(() => _hash.AppendData(bytes.Span), CancellationToken.None);
            var hashingAlongside = alongside is null ? Task.CompletedTask : Task.Run(() => alongside.Append(bytes.Span), CancellationToken.None);
            var reading = FillAsync(source, next, left, cancellation);
            var writing = WriteToTargetAsync(bytes, cancellation);
            await Task.WhenAll(hashing, hashingAlongside, reading, writing);
            moved?.Invoke(filled);
            filled = await reading;
            (current, next) = (next, current);
        }
        if (await FillAsync(source, next, BufferSize, cancellation) > 0)
            throw new SourceException(new PreheatException($"The source has more than the {size:N0} bytes it announced. Resolve the model again."));
        // Only here: after a failure a read may still be under way in one of them.
        ArrayPool<byte>.Shared.Return(current);
        ArrayPool<byte>.Shared.Return(next);
        if (left > 0)
            throw new SourceException(new EndOfStreamException($"The source ended {left:N0} bytes before the {size:N0} it announced."));
    }

    public void Dispose() => _hash.Dispose();

    private static async Task<int> FillAsync(Stream source, byte[] buffer, long most, CancellationToken cancellation)
    {
        var wanted = (int)Math.Min(BufferSize, most);
        var filled = 0;
        try
        {
            while (filled < wanted)
            {
                var read = await source.ReadAsync(buffer.AsMemory(filled, wanted - filled), cancellation).AsTask().WaitAsync(Stalled, TimeProvider.System, cancellation);
                if (read == 0)
                    break;
                filled += read;
            }
            return filled;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw new SourceException(exception);
        }
    }

    private Task WriteToTargetAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation) =>
        target.WriteAsync(bytes, cancellation).AsTask().WaitAsync(Stalled, TimeProvider.System, cancellation);
}
