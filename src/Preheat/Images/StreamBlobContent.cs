namespace Preheat.Images;

/// <summary>A blob that is read from a stream: a layer of another registry, or bytes in memory.</summary>
internal sealed class StreamBlobContent(Func<CancellationToken, Task<Stream>> open, long length, Action<long>? moved = null) : BlobContent
{
    public override long Length => length;

    public static StreamBlobContent Of(byte[] bytes) => new(_ => Task.FromResult<Stream>(new MemoryStream(bytes, writable: false)), bytes.Length);

    internal override async Task WriteAsync(BlobWriter writer, CancellationToken cancellation)
    {
        Stream source;
        try
        {
            source = await open(cancellation);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw new SourceException(exception);
        }
        await using (source)
            await writer.CopyAsync(source, length, null, moved, cancellation);
    }
}
