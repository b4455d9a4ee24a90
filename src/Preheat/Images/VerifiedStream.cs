using System.Security.Cryptography;

namespace Preheat.Images;

/// <summary>Reads a blob and fails at its end when size or digest are not what the descriptor says.</summary>
internal sealed class VerifiedStream(Stream inner, Digest digest, long size, string what) : ObservedStream(inner)
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _read;
    private bool _checked;

    protected override void Observe(ReadOnlySpan<byte> bytes, bool atEnd)
    {
        _hash.AppendData(bytes);
        _read += bytes.Length;
        if (_read > size)
            throw new PreheatException($"{what} is longer than the {size:N0} bytes its descriptor says. Push the image anew.");
        if (!atEnd || _checked)
            return;
        _checked = true;
        if (_read < size)
            throw new EndOfStreamException($"{what} ended after {_read:N0} of {size:N0} bytes.");
        var actual = Digest.FromHash(_hash.GetHashAndReset());
        if (actual != digest)
            throw new PreheatException($"{what} has the digest {actual}: it was damaged on the way. Run the step again; if it stays, push the image anew.");
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _hash.Dispose();
        base.Dispose(disposing);
    }
}
