using System.Net;
using System.Runtime.ExceptionServices;

namespace Preheat.Images;

/// <summary>A blob on its way into a registry: its digest is known when all is written.</summary>
public abstract class BlobContent : HttpContent
{
    private WrittenBlob? _written;

    /// <summary>Bytes before compression.</summary>
    public abstract long Length { get; }

    /// <summary>How the bytes are sent; the length is known beforehand only without compression.</summary>
    internal virtual LayerCompression Compression => LayerCompression.None;

    /// <summary>Digest of what was written.</summary>
    /// <exception cref="IOException">Not all was written: the server answered early.</exception>
    public Digest Digest => Result.Digest;

    /// <summary>Bytes that were sent.</summary>
    internal long BytesSent => Result.CompressedBytes ?? Length;

    /// <summary>What was written.</summary>
    /// <exception cref="IOException">Not all was written: the server answered early.</exception>
    internal WrittenBlob Result => _written ?? throw new IOException("The server answered before it had read the whole upload.");

    /// <summary>What went wrong with the source, as opposed to the connection; null when nothing did.</summary>
    public ExceptionDispatchInfo? Failure { get; private set; }

    /// <summary>Writes all bytes.</summary>
    /// <exception cref="SourceException">The source failed.</exception>
    internal abstract Task WriteAsync(BlobWriter writer, CancellationToken cancellation);

    protected sealed override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected sealed override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await using var writer = new BlobWriter(stream, Compression);
        try
        {
            await WriteAsync(writer, cancellationToken);
            _written = await writer.FinishAsync();
        }
        catch (SourceException exception)
        {
            Failure = ExceptionDispatchInfo.Capture(exception.InnerException!);
            throw;
        }
    }

    protected sealed override bool TryComputeLength(out long length)
    {
        length = Length;
        return Compression == LayerCompression.None;
    }
}

/// <summary>Marks a failure of the source while a blob is written.</summary>
internal sealed class SourceException(Exception inner) : Exception(inner.Message, inner);
