using System.Globalization;
using System.Text;

namespace Preheat.Images;

/// <summary>Headers of a tar archive that is the same for the same content: time 0; owner 0:0 and modes 0644 and 0755 where nothing else is asked for.</summary>
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
    public static byte[] File(string path, long size, TarAttributes attributes = default) => Entry(path, size, attributes, (UnixFileMode)0b110_100_100, '0');

    /// <summary>The header of a directory; <paramref name="path"/> without a slash at its end.</summary>
    public static byte[] Directory(string path, TarAttributes attributes = default) => Entry(path + "/", 0, attributes, (UnixFileMode)0b111_101_101, '5');

    /// <summary>Zero bytes between content of this size and the next header.</summary>
    public static int Padding(long size) => (int)((Block - size % Block) % Block);

    private static byte[] Entry(string path, long size, TarAttributes attributes, UnixFileMode usual, char type)
    {
        var records = new StringBuilder();
        var split = Split(path);
        if (split is null)
            AppendRecord(records, "path", path);
        if (size > LargestSize)
            AppendRecord(records, "size", size.ToString(CultureInfo.InvariantCulture));
        // Readers without PAX see a shortened name and no size: they never see a wrong path outside the tree.
        var (prefix, name) = split ?? ("", Shorten(path));
        var header = Header(prefix, name, size > LargestSize ? 0 : size, attributes with { Mode = attributes.Mode ?? usual }, type);
        if (records.Length == 0)
            return header;
        var body = Encoding.UTF8.GetBytes(records.ToString());
        var extended = Header("", "PaxHeaders/" + Shorten(path, NameLength - 11), body.Length, new TarAttributes(Mode: (UnixFileMode)0b110_100_100), 'x');
        return [.. extended, .. body, .. new byte[Padding(body.Length)], .. header];
    }

    private static byte[] Header(string prefix, string name, long size, TarAttributes attributes, char type)
    {
        var block = new byte[Block];
        Put(block, 0, name);
        Put(block, 100, Octal((int)attributes.Mode!.Value, 7));
        Put(block, 108, Octal(attributes.Owner, 7));
        Put(block, 116, Octal(attributes.Group, 7));
        Put(block, 124, Octal(size, 11));
        Put(block, 136, "00000000000");
        Put(block, 148, "        ");
        block[156] = (byte)type;
        Put(block, 257, "ustar\0" + "00");
        Put(block, 345, prefix);
        var sum = block.Sum(value => (int)value);
        Put(block, 148, Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ");
        return block;
    }

    private static string Octal(long value, int digits) => Convert.ToString(value, 8).PadLeft(digits, '0');

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
