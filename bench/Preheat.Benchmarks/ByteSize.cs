using System.Globalization;

namespace Preheat.Benchmarks;

/// <summary>Sizes as people write them: <c>4GiB</c>, <c>512MiB</c>.</summary>
internal static class ByteSize
{
    private static readonly (string Unit, long Bytes)[] Units = [("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10), ("B", 1)];

    public static long Parse(string text)
    {
        foreach (var (unit, bytes) in Units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal) && long.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0)
                return checked(count * bytes);
        }
        throw new UserException($"'{text}' is not a size. Write a number and B, KiB, MiB or GiB, for example 4GiB.");
    }

    public static string Format(long bytes)
    {
        var (unit, size) = Units.First(entry => bytes >= entry.Bytes || entry.Bytes == 1);
        return string.Create(CultureInfo.InvariantCulture, $"{(double)bytes / size:0.#} {unit}");
    }
}
