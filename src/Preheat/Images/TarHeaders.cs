using System.Globalization;
using System.Text;

namespace Preheat.Images;

/// <summary>Headers of a tar archive that is the same for the same content: owner 0:0, time 0, modes 0644 and 0755.</summary>
/// <remarks>POSIX.1-2017, pax: ustar interchange format; a PAX extended header carries a path or size that ustar cannot.</remarks>
public static class TarHeaders
{
    /// <summary>Bytes of a block; headers and content are padded to it.</summary>
    public const int Block = 512;

    private const int NameLength = 100;
    private const int PrefixLength = 155;
    private const long LargestSize = 0x1FFFFFFFF; // eleven octal digits

    /// <summary>Two empty blocks end an archive.</summary>
    public static ReadOnlyMemory<byte> End { get; } = new byte[2 * Block];

    /// <summary>The header of a file of <paramref name="size"/> bytes; content and padding follow it.</summary>
    public static byte[] File(string path, long size) => Entry(path, size, "0000644", '0');

    /// <summary>The header of a directory; <paramref name="path"/> without a slash at its end.</summary>
    public static byte[] Directory(string path) => Entry(path + "/", 0, "0000755", '5');

    /// <summary>Zero bytes between content of this size and the next header.</summary>
    public static int Padding(long size) => (int)((Block - size % Block) % Block);

    private static byte[] Entry(string path, long size, string mode, char type)
    {
        var records = new StringBuilder();
        var split = Split(path);
        if (split is null)
            AppendRecord(records, "path", path);
        if (size > LargestSize)
            AppendRecord(records, "size", size.ToString(CultureInfo.InvariantCulture));
        // Readers without PAX see a shortened name and no size: they never see a wrong path outside the tree.
        var (prefix, name) = split ?? ("", Shorten(path));
        var header = Header(prefix, name, size > LargestSize ? 0 : size, mode, type);
        if (records.Length == 0)
            return header;
        var body = Encoding.UTF8.GetBytes(records.ToString());
        var extended = Header("", "PaxHeaders/" + Shorten(path, NameLength - 11), body.Length, "0000644", 'x');
        return [.. extended, .. body, .. new byte[Padding(body.Length)], .. header];
    }

    private static byte[] Header(string prefix, string name, long size, string mode, char type)
    {
        var block = new byte[Block];
        Put(block, 0, name);
        Put(block, 100, mode);
        Put(block, 108, "0000000");
        Put(block, 116, "0000000");
        Put(block, 124, Convert.ToString(size, 8).PadLeft(11, '0'));
        Put(block, 136, "00000000000");
        Put(block, 148, "        ");
        block[156] = (byte)type;
        Put(block, 257, "ustar\0" + "00");
        Put(block, 345, prefix);
        var sum = block.Sum(value => (int)value);
        Put(block, 148, Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ");
        return block;
    }

    private static void Put(byte[] block, int offset, string text) => Encoding.UTF8.GetBytes(text, block.AsSpan(offset));

    /// <summary>Prefix and name for ustar; null when the path is not ASCII or does not fit.</summary>
    private static (string Prefix, string Name)? Split(string path)
    {
        if (!Ascii.IsValid(path))
            return null;
        if (path.Length <= NameLength)
            return ("", path);
        for (var slash = path.IndexOf('/'); slash > 0 && slash <= PrefixLength; slash = path.IndexOf('/', slash + 1))
        {
            var rest = path.Length - slash - 1;
            if (rest is > 0 and <= NameLength)
                return (path[..slash], path[(slash + 1)..]);
        }
        return null;
    }

    private static string Shorten(string path, int length = NameLength) =>
        new([.. path.Select(character => char.IsAscii(character) ? character : '_').Take(length)]);

    // "LENGTH KEY=VALUE\n", where LENGTH counts itself.
    private static void AppendRecord(StringBuilder records, string key, string value)
    {
        var rest = Encoding.UTF8.GetByteCount(value) + key.Length + 3;
        var length = rest + 1;
        while (rest + length.ToString(CultureInfo.InvariantCulture).Length != length)
            length = rest + length.ToString(CultureInfo.InvariantCulture).Length;
        records.Append(CultureInfo.InvariantCulture, $"{length} {key}={value}\n");
    }
}
