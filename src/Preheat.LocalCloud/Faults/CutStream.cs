using Microsoft.AspNetCore.Http;

namespace Preheat.LocalCloud.Faults;

/// <summary>Passes a number of body bytes on, then resets the connection.</summary>
internal sealed class CutStream(HttpContext context, Stream inner, long limit) : Stream
{
    private long _left = limit;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var part = buffer[..(int)Math.Min(buffer.Length, _left)];
        await inner.WriteAsync(part, cancellationToken);
        _left -= part.Length;
        if (_left == 0)
        {
            await inner.FlushAsync(cancellationToken);
            context.Abort();
            throw new OperationCanceledException("The fault script dropped the connection.");
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
