using System.Buffers.Binary;
using System.Text;

namespace Preheat.Kubernetes;

/// <summary>The kinds of SPDY/3.1 frames: those of control frames by their number, and data.</summary>
internal enum SpdyFrameType
{
    Data = 0,
    Open = 1,
    Reply = 2,
    Reset = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    Headers = 8,
    Window = 9,
}

/// <summary>The head of a frame; <paramref name="Length"/> bytes follow it.</summary>
/// <param name="StreamId">Of a data frame; 0 otherwise.</param>
internal readonly record struct SpdyFrame(SpdyFrameType Type, int StreamId, bool IsLast, int Length);

/// <summary>Frames of the client's side of SPDY/3.1 (draft-mbelshe-httpbis-spdy-00, section 2.6): as much as opening streams and passing data takes.</summary>
/// <remarks>One reader at a time; writes come from any side.</remarks>
internal sealed class SpdyFrames(Stream connection) : IDisposable
{
    private const int Version = 0x8003;
    private const int LargestControl = 64 * 1024;
    private const byte Fin = 1;

    // CMF and FLG of a zlib stream that begins with a dictionary, and the Adler-32 of SPDY's (section 2.6.10.1). Blocks that are only stored never refer to it.
    private static readonly byte[] DictionaryHead = [0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2];

    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly byte[] _head = new byte[8];
    private bool _hasWrittenHeaders;

    /// <summary>The head of the next frame; null at the end of the connection.</summary>
    /// <exception cref="IOException">The other side breaks the protocol.</exception>
    public async Task<SpdyFrame?> ReadAsync(CancellationToken cancellation)
    {
        var count = await connection.ReadAtLeastAsync(_head, _head.Length, throwOnEndOfStream: false, cancellation);
        if (count == 0)
            return null;
        if (count < _head.Length)
            throw new IOException("The connection was cut in the middle of a frame.");
        var length = (_head[5] << 16) | (_head[6] << 8) | _head[7];
        var isLast = (_head[4] & Fin) != 0;
        if ((_head[0] & 0x80) == 0)
            return new(SpdyFrameType.Data, BinaryPrimitives.ReadInt32BigEndian(_head), isLast, length);
        if (BinaryPrimitives.ReadUInt16BigEndian(_head) != Version)
            throw new IOException($"The other side speaks version {BinaryPrimitives.ReadUInt16BigEndian(_head) & 0x7fff} of SPDY, not 3.");
        return length <= LargestControl
            ? new((SpdyFrameType)BinaryPrimitives.ReadUInt16BigEndian(_head.AsSpan(2)), 0, isLast, length)
            : throw new IOException($"A control frame of {length} bytes is too long.");
    }

    /// <summary>What follows a head: its first <paramref name="most"/> bytes, and the rest passed over.</summary>
    public async Task<byte[]> BodyAsync(int length, int most, CancellationToken cancellation)
    {
        var body = new byte[Math.Min(length, most)];
        await connection.ReadExactlyAsync(body, cancellation);
        var rest = new byte[Math.Min(length - body.Length, LargestControl)];
        for (var left = length - body.Length; left > 0; left -= rest.Length)
            await connection.ReadExactlyAsync(rest.AsMemory(0, Math.Min(left, rest.Length)), cancellation);
        return body;
    }

    /// <summary>The number that a control frame begins with: its stream.</summary>
    public async Task<int> NumberAsync(SpdyFrame frame, CancellationToken cancellation)
    {
        var body = await BodyAsync(frame.Length, sizeof(int), cancellation);
        return body.Length == sizeof(int) ? BinaryPrimitives.ReadInt32BigEndian(body) : throw new IOException("A control frame names no stream.");
    }

    /// <summary>SYN_STREAM. Names of headers are in lower case.</summary>
    public Task OpenAsync(int stream, IReadOnlyList<(string Name, string Value)> headers, CancellationToken cancellation)
    {
        // Stream, associated stream (none), priority and slot (none).
        var body = new byte[10];
        BinaryPrimitives.WriteInt32BigEndian(body, stream);
        return WriteAsync(ControlHead(SpdyFrameType.Open), (byte[])[.. body, .. HeaderBlock(headers)], cancellation);
    }

    /// <summary>A data frame; the last one ends the stream from this side.</summary>
    public Task DataAsync(int stream, ReadOnlyMemory<byte> data, bool isLast, CancellationToken cancellation)
    {
        var head = new byte[5];
        BinaryPrimitives.WriteInt32BigEndian(head, stream);
        head[4] = isLast ? Fin : (byte)0;
        return WriteAsync(head, data, cancellation);
    }

    /// <summary>Answers a PING with the same.</summary>
    public Task PongAsync(byte[] ping, CancellationToken cancellation) => WriteAsync(ControlHead(SpdyFrameType.Ping), ping, cancellation);

    public void Dispose() => _writing.Dispose();

    private static byte[] ControlHead(SpdyFrameType type) => [Version >> 8, Version & 0xff, 0, (byte)type, 0];

    // All header blocks of a side are one zlib stream. It ends each time with an empty block, as a flush leaves one: inflaters hand out what they have only then.
    private byte[] HeaderBlock(IReadOnlyList<(string Name, string Value)> headers)
    {
        using var plain = new MemoryStream();
        var number = new byte[sizeof(int)];
        Number(headers.Count);
        foreach (var text in headers.SelectMany(header => new[] { header.Name, header.Value }))
        {
            var bytes = Encoding.ASCII.GetBytes(text);
            Number(bytes.Length);
            plain.Write(bytes);
        }
        var begin = _hasWrittenHeaders ? [] : DictionaryHead;
        _hasWrittenHeaders = true;
        return [.. begin, .. Stored(plain.ToArray()), .. Stored([])];

        void Number(int value)
        {
            BinaryPrimitives.WriteInt32BigEndian(number, value);
            plain.Write(number);
        }
    }

    /// <summary>A block that is not compressed (RFC 1951, section 3.2.4).</summary>
    private static byte[] Stored(byte[] bytes)
    {
        var head = new byte[5];
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(1), (ushort)bytes.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(3), (ushort)~bytes.Length);
        return [.. head, .. bytes];
    }

    private async Task WriteAsync(byte[] head, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        byte[] frame = [.. head, (byte)(body.Length >> 16), (byte)(body.Length >> 8), (byte)body.Length, .. body.Span];
        await _writing.WaitAsync(cancellation);
        try
        {
            await connection.WriteAsync(frame, cancellation);
            await connection.FlushAsync(cancellation);
        }
        finally
        {
            _writing.Release();
        }
    }
}
