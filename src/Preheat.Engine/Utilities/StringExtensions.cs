namespace Nuke.Common.Utilities;

/// <summary>Joins, as Nuke's build files write them.</summary>
public static class StringExtensions
{
    /// <summary>Puts <paramref name="separator"/> between the values.</summary>
    public static string Join(this IEnumerable<string> values, string separator) => string.Join(separator, values);

    /// <summary>Puts a comma and a space between the values.</summary>
    public static string JoinCommaSpace(this IEnumerable<string> values) => string.Join(", ", values);

    /// <summary>Puts a space between the values.</summary>
    public static string JoinSpace(this IEnumerable<string> values) => string.Join(' ', values);
}
