using System.Globalization;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>A count given as a number or as a share of the replicas: <c>1</c>, <c>25%</c>.</summary>
internal static class Share
{
    /// <summary>The number, or the percentage before its sign; invalid when negative or neither.</summary>
    public static (int Value, bool Valid) Read(JsonNode share)
    {
        if (share.Number() is { } number)
        {
            return ((int)number, number is >= 0 and <= int.MaxValue);
        }

        var text = share.Text() ?? "";
        return text.EndsWith('%') && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var percent)
            ? (percent, true) : (0, false);
    }

    /// <summary>How many of <paramref name="total"/>: a surge is rounded up, an unavailable share down.</summary>
    public static int Of(JsonNode? share, int total, bool roundUp)
    {
        if (share is null || Read(share) is not { Valid: true } read)
        {
            return 0;
        }

        return share.Text() is null ? read.Value : roundUp ? (int)((((long)total * read.Value) + 99) / 100) : (int)((long)total * read.Value / 100);
    }
}
