using System.Buffers;
using System.Security.Cryptography;
using Preheat.Models;

namespace Preheat.Images;

/// <summary>Writes a blob to a connection and hashes it on the way.</summary>
/// <remarks>
/// Hashing is what costs. While each core has an upload of its own, a piece is hashed where it is, still in that core's cache; with cores to spare (the last layer,
/// a model of one file) the file's hash and the blob's go side by side. Reading ahead and sending go on meanwhile in either case.
/// </remarks>
internal sealed class BlobWriter : IAsyncDisposable
{
    /// <summary>Two pieces fit into a core's second-level cache; a system call for each costs little.</summary>
    private const int Piece = 256 << 10;

    // A connection that moves nothing for this long is lost. Real time on purpose: it guards sockets, not modelled phases.
    private static readonly TimeSpan Stalled = TimeSpan.FromMinutes(2);

    private static int _copies;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly HashedStream? _compressed;
    private readonly Stream _target;

    public BlobWriter(Stream target, LayerCompression compression = LayerCompression.None)
    {
        if (compression != LayerCompression.None)
            _compressed = new HashedStream(target);
        _target = _compressed is null ? target : LayerCompressions.Compress(_compressed, compression);
    }

    /// <summary>Ends the blob.</summary>
    public async Task<WrittenBlob> FinishAsync()
    {
        var content = Digest.FromHash(_hash.GetHashAndReset());
        if (_compressed is null)
            return new WrittenBlob(content, content, null);
        await _target.DisposeAsync();
        return new WrittenBlob(_compressed.Finish(), content, _compressed.Bytes);
    }

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        _hash.AppendData(bytes.Span);
        await SendAsync(bytes, cancellation);
    }

    /// <summary>Copies exactly <paramref name="size"/> bytes and requires the source to end there.</summary>
    /// <param name="alongside">Gets the same bytes for a further hash; null for none.</param>
    /// <param name="moved">Told how many bytes each step moved.</param>
    /// <exception cref="SourceException">The source failed, is too short or too long.</exception>
    public async Task CopyAsync(Stream source, long size, ContentHash? alongside, Action<long>? moved, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _copies);
        try
        {
            await CopyPiecesAsync(source, size, alongside, moved, cancellation);
        }
        finally
        {
            Interlocked.Decrement(ref _copies);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _hash.Dispose();
        if (_compressed is null)
            return;
        await _compressed.DisposeAsync();
        await _target.DisposeAsync();
    }

    private async Task CopyPiecesAsync(Stream source, long size, ContentHash? alongside, Action<long>? moved, CancellationToken cancellation)
    {
        var current = ArrayPool<byte>.Shared.Rent(Piece);
        var next = ArrayPool<byte>.Shared.Rent(Piece);
        var left = size;
        var filled = await FillAsync(source, current, left, cancellation);
        while (filled > 0)
        {
            left -= filled;
            var bytes = current.AsMemory(0, filled);
            var sending = SendAsync(bytes, cancellation);
            var reading = FillAsync(source, next, left, cancellation);
            await HashAsync(bytes, alongside);
            await Task.WhenAll(sending, reading);
            moved?.Invoke(filled);
            filled = await reading;
            (current, next) = (next, current);
        }
        if (await FillAsync(source, next, Piece, cancellation) > 0)
            throw new SourceException(new PreheatException($"The source has more than the {size:N0} bytes it announced. Resolve the model again."));
        // Only here: after a failure a read may still be under way in one of them.
        ArrayPool<byte>.Shared.Return(current);
        ArrayPool<byte>.Shared.Return(next);
        if (left > 0)
            throw new SourceException(new EndOfStreamException($"The source ended {left:N0} bytes before the {size:N0} it announced."));
    }

    private Task HashAsync(ReadOnlyMemory<byte> bytes, ContentHash? alongside)
    {
        var beside = Task.CompletedTask;
        if (alongside is not null && Volatile.Read(ref _copies) < Environment.ProcessorCount)
            beside = Task.Run(() => alongside.Append(bytes.Span), CancellationToken.None);
        else
            alongside?.Append(bytes.Span);
        _hash.AppendData(bytes.Span);
        return beside;
    }

    private static async Task<int> FillAsync(Stream source, byte[] buffer, long most, CancellationToken cancellation)
    {
        var wanted = (int)Math.Min(Piece, most);
        var filled = 0;
        try
        {
            while (filled < wanted)
            {
                var reading = source.ReadAsync(buffer.AsMemory(filled, wanted - filled), cancellation);
                var read = reading.IsCompletedSuccessfully ? reading.Result : await reading.AsTask().WaitAsync(Stalled, TimeProvider.System, cancellation);
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

    private Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        var sending = _target.WriteAsync(bytes, cancellation);
        return sending.IsCompletedSuccessfully ? Task.CompletedTask : sending.AsTask().WaitAsync(Stalled, TimeProvider.System, cancellation);
    }
}

/// <summary>What was written.</summary>
/// <param name="Digest">Of the bytes that were sent.</param>
/// <param name="DiffId">Of the bytes before compression; the same without.</param>
/// <param name="CompressedBytes">How many were sent, when compression decides.</param>
internal sealed record WrittenBlob(Digest Digest, Digest DiffId, long? CompressedBytes);
