using System.Globalization;

namespace Nuke.Common.CI;

/// <summary>Which part of a partitioned target this run is: <c>--partition 2/3</c>.</summary>
public class Partition
{
    /// <summary>The whole.</summary>
    public static Partition Single { get; } = new() { Part = 1, Total = 1 };

    /// <summary>From 1 to <see cref="Total"/>.</summary>
    public int Part { get; set; }

    public int Total { get; set; }

    public bool IsIn(int part) => Total == 1 || part == Part;

    /// <summary>Every <see cref="Total"/>th of the items, the first of them at <see cref="Part"/>: all parts together are all items, each once.</summary>
    public IEnumerable<T> GetCurrent<T>(IEnumerable<T> enumerable) => enumerable.Where((_, index) => index % Total == Part - 1);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Part}/{Total}");

    /// <summary>Reads <c>2/3</c>; null when it is no part of a whole.</summary>
    internal static Partition? TryParse(string text)
    {
        var parts = text.Split('/');
        return parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var part)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var total)
            && part >= 1 && part <= total
            ? new Partition { Part = part, Total = total }
            : null;
    }
}
