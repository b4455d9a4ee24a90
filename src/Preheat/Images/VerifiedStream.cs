using System.Security.Cryptography;

namespace Preheat.Images;

/// <summary>Reads a blob and fails at its end when size or digest are not what the descriptor says.</summary>
internal sealed class VerifiedStream(Stream inner, Digest digest, long size, string what) : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _read;
    private bool _checked;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => size;

    public override long Position { get => _read; set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await inner.ReadAsync(buffer, cancellationToken);
        Take(buffer.Span[..count], buffer.Length == 0);
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = inner.Read(buffer, offset, count);
        Take(buffer.AsSpan(offset, read), count == 0);
        return read;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
            inner.Dispose();
        }
        base.Dispose(disposing);
    }

    private void Take(ReadOnlySpan<byte> bytes, bool askedForNothing)
    {
        _hash.AppendData(bytes);
        _read += bytes.Length;
        if (_read > size)
            throw new PreheatException($"{what} is longer than the {size:N0} bytes its descriptor says. Push the image anew.");
        if (bytes.Length > 0 || askedForNothing || _checked)
            return;
        _checked = true;
        if (_read < size)
            throw new EndOfStreamException($"{what} ended after {_read:N0} of {size:N0} bytes.");
        var actual = Digest.FromHash(_hash.GetHashAndReset());
        if (actual != digest)
            throw new PreheatException($"{what} has the digest {actual}: it was damaged on the way. Run the step again; if it stays, push the image anew.");
    }
}
