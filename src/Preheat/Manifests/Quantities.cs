using System.Globalization;

namespace Preheat.Manifests;

/// <summary>Kubernetes quantities as numbers (kubernetes.io, reference "Quantity").</summary>
internal static class Quantities
{
    private static readonly (string Suffix, double Factor)[] Suffixes =
    [
        ("Ki", 1L << 10), ("Mi", 1L << 20), ("Gi", 1L << 30), ("Ti", 1L << 40), ("Pi", 1L << 50), ("Ei", 1L << 60),
        ("n", 1e-9), ("u", 1e-6), ("m", 1e-3), ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15), ("E", 1e18),
    ];

    /// <summary>The value in the unit; null when the text is no quantity.</summary>
    public static double? Value(string text)
    {
        var (suffix, factor) = Array.Find(Suffixes, known => text.EndsWith(known.Suffix, StringComparison.Ordinal));
        return double.TryParse(text[..^(suffix?.Length ?? 0)], NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number * (suffix is null ? 1 : factor) : null;
    }
}
