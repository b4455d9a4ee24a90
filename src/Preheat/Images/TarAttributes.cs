using System.Globalization;
using System.Runtime.InteropServices;

namespace Preheat.Images;

/// <summary>Owner and mode of a tar entry.</summary>
/// <param name="Mode">Null means 0644 for files and 0755 for directories.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TarAttributes(int Owner = 0, int Group = 0, UnixFileMode? Mode = null)
{
    /// <summary>UID:GID or UID:GID:MODE (octal); null for root's files with the usual modes.</summary>
    public string? Text => (Owner, Group, Mode) switch
    {
        (0, 0, null) => null,
        (_, _, { } mode) => string.Create(CultureInfo.InvariantCulture, $"{Owner}:{Group}:{Convert.ToString((int)mode, 8)}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Owner}:{Group}"),
    };
}
