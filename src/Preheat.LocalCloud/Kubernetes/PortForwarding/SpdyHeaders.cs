using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Preheat.LocalCloud.Kubernetes.PortForwarding;

/// <summary>
/// Header blocks of SPDY/3.1 (draft-mbelshe-httpbis-spdy-00, section 2.6.10): pairs with lengths of four bytes, all blocks of a direction in
/// one zlib stream that begins with a dictionary known to both sides.
/// </summary>
internal sealed class SpdyHeaders : IDisposable
{
    private const int MaxBlock = 64 * 1024;

    /// <summary>CMF, FLG and the dictionary's checksum.</summary>
    private const int ZlibHeader = 6;

    private readonly Feed _feed = new();
    private readonly DeflateStream _inflate;
    private bool _begun;
    private bool _answered;

    public SpdyHeaders() => _inflate = new DeflateStream(_feed, CompressionMode.Decompress);

    /// <summary>Reads the next block of the other side; <see cref="InvalidDataException"/> when it is none.</summary>
    public Dictionary<string, string> Read(ReadOnlySpan<byte> compressed)
    {
        if (!_begun)
        {
            _begun = true;
            if (compressed.Length < ZlibHeader || (compressed[1] & 0x20) == 0)
            {
                throw new InvalidDataException("A header block does not begin with SPDY's dictionary.");
            }

            // There is no way to preset a dictionary: it is played in as a stored block, whose output is passed over.
            compressed = compressed[ZlibHeader..];
            _feed.Add(Stored(SpdyDictionary.Bytes));
            Span<byte> passed = new byte[SpdyDictionary.Bytes.Length];
            _inflate.ReadExactly(passed);
        }

        _feed.Add(compressed.ToArray());
        using var plain = new MemoryStream();
        var buffer = new byte[4096];
        int read;
        while ((read = _inflate.Read(buffer)) > 0)
        {
            plain.Write(buffer, 0, read);
            if (plain.Length > MaxBlock)
            {
                throw new InvalidDataException("A header block is too long.");
            }
        }

        return Parse(plain.ToArray());
    }

    /// <summary>The next block of this side: stored, not compressed, which every inflater reads.</summary>
    public byte[] Write(params (string Name, string Value)[] headers)
    {
        using var plain = new MemoryStream();
        var length = new byte[4];
        void Number(int value)
        {
            BinaryPrimitives.WriteInt32BigEndian(length, value);
            plain.Write(length);
        }

        Number(headers.Length);
        foreach (var text in headers.SelectMany(pair => new[] { pair.Name, pair.Value }))
        {
            var bytes = Encoding.ASCII.GetBytes(text);
            Number(bytes.Length);
            plain.Write(bytes);
        }

        // The stream's own header once: 32 KiB window, no dictionary.
        byte[] begin = _answered ? [] : [0x78, 0x01];
        _answered = true;

        // An empty block behind it, as a flush leaves one: some inflaters hand out what they have only then.
        return [.. begin, .. Stored(plain.ToArray()), .. Stored([])];
    }

    public void Dispose() => _inflate.Dispose();

    private static byte[] Stored(byte[] bytes)
    {
        var block = new byte[bytes.Length + 5];
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(1), (ushort)bytes.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(3), (ushort)~bytes.Length);
        bytes.CopyTo(block, 5);
        return block;
    }

    private static Dictionary<string, string> Parse(byte[] block)
    {
        var (at, headers) = (0, new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase));
        int Number()
        {
            if (at + 4 > block.Length || BinaryPrimitives.ReadInt32BigEndian(block.AsSpan(at)) is not (>= 0 and <= MaxBlock and var value))
            {
                throw new InvalidDataException("A header block is cut short.");
            }

            at += 4;
            return value;
        }

        string Text()
        {
            var length = Number();
            if (at + length > block.Length)
            {
                throw new InvalidDataException("A header block is cut short.");
            }

            at += length;
            return Encoding.ASCII.GetString(block, at - length, length);
        }

        for (var left = Number(); left > 0; left--)
        {
            headers[Text()] = Text();
        }

        return headers;
    }

    /// <summary>A stream that is given its bytes piece by piece; empty is not its end.</summary>
    private sealed class Feed : MemoryStream
    {
        public void Add(byte[] bytes)
        {
            SetLength(0);
            Write(bytes);
            Position = 0;
        }
    }
}
