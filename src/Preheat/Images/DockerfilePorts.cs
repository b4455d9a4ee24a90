using System.Globalization;

namespace Preheat.Images;

/// <summary>Reads the ports of EXPOSE: <c>8000</c>, <c>8000/udp</c>, <c>8000-8010/tcp</c>.</summary>
/// <remarks>Dockerfile reference, "EXPOSE"; a range stands for each of its ports.</remarks>
internal static class DockerfilePorts
{
    private const int MostOfARange = 1024;

    /// <exception cref="FormatException">The text is no port.</exception>
    public static IEnumerable<string> Read(string text)
    {
        var parts = text.Split('/');
        var protocol = parts.Length == 2 ? parts[1].ToLowerInvariant() : "tcp";
        var ends = parts[0].Split('-');
        if (parts.Length > 2 || ends.Length > 2 || protocol is not ("tcp" or "udp" or "sctp")
            || !Port(ends[0], out var first) || !Port(ends[^1], out var last) || last < first || last - first >= MostOfARange)
            throw new FormatException($"'{text}' is not PORT, PORT-PORT or PORT/tcp");
        return Enumerable.Range(first, last - first + 1).Select(port => $"{port}/{protocol}");
    }

    private static bool Port(string text, out ushort port) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port > 0;
}
