using System.Buffers.Binary;

namespace Preheat.LocalCloud.Registry;

/// <summary>A gzip stream (RFC 1952) of stored blocks (RFC 1951 §3.2.4).</summary>
/// <remarks>A compressor's output changes with its version, and a base image's digest must not. These layers are a few kilobytes.</remarks>
internal static class StoredGzip
{
    private const int BlockSize = 65_535;

    public static byte[] Wrap(ReadOnlySpan<byte> content)
    {
        var output = new MemoryStream();
        output.Write([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]); // deflate, no flags, no time, unknown system
        Span<byte> header = stackalloc byte[5];
        for (var offset = 0; offset == 0 || offset < content.Length; offset += BlockSize)
        {
            var block = content.Slice(offset, Math.Min(BlockSize, content.Length - offset));
            header[0] = offset + block.Length == content.Length ? (byte)1 : (byte)0;
            BinaryPrimitives.WriteUInt16LittleEndian(header[1..], (ushort)block.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(header[3..], (ushort)~block.Length);
            output.Write(header);
            output.Write(block);
        }

        Span<byte> trailer = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, Crc32(content));
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], (uint)content.Length);
        output.Write(trailer);
        return output.ToArray();
    }

    private static uint Crc32(ReadOnlySpan<byte> content)
    {
        var value = uint.MaxValue;
        foreach (var item in content)
        {
            value ^= item;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ 0xedb88320;
            }
        }

        return ~value;
    }
}
