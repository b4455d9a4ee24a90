using System.Globalization;

namespace Preheat.LocalCloud.Serving;

/// <summary>A release of a server: <c>0.11.1</c>. Suffixes (<c>rc1</c>, <c>.dev3+g1a2b3c</c>, <c>.post1</c>) are kept in <see cref="Text"/> and do not order.</summary>
public sealed record ServerVersion(string Text, int Major, int Minor, int Patch) : IComparable<ServerVersion>
{
    /// <summary>The release assumed where nothing tells it.</summary>
    public static ServerVersion Default { get; } = new("0.11.1", 0, 11, 1);

    /// <summary>True for the changed vLLM of Vertex AI's images: its local version is <c>+vertex</c>.</summary>
    public bool IsVertex => Text.EndsWith("+vertex", StringComparison.Ordinal);

    /// <summary>Where distributions keep Python packages.</summary>
    private static readonly string[] Prefixes = ["/usr/local/lib", "/usr/lib", "/opt/venv/lib", "/opt/conda/lib", "/usr/src/.venv/lib"];

    public static bool operator <(ServerVersion left, ServerVersion right) => left.CompareTo(right) < 0;

    public static bool operator >(ServerVersion left, ServerVersion right) => left.CompareTo(right) > 0;

    public static bool operator <=(ServerVersion left, ServerVersion right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ServerVersion left, ServerVersion right) => left.CompareTo(right) >= 0;

    public int CompareTo(ServerVersion? other) =>
        other is null ? 1 : (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));

    /// <summary>Reads <c>0.11.1</c>, <c>v0.11.1</c>, <c>0.11</c>, with any suffix; null when it is no version.</summary>
    public static ServerVersion? TryParse(string? text)
    {
        var plain = text?.Trim().TrimStart('v');
        if (string.IsNullOrEmpty(plain))
        {
            return null;
        }

        Span<int> numbers = [0, 0, 0];
        var parts = plain.Split('.', 4);
        for (var i = 0; i < Math.Min(3, parts.Length); i++)
        {
            var digits = parts[i].TakeWhile(char.IsAsciiDigit).Count();
            if (digits is 0 or > 6)
            {
                if (i == 0)
                {
                    return null;
                }

                break;
            }

            numbers[i] = int.Parse(parts[i].AsSpan(0, digits), CultureInfo.InvariantCulture);
            if (digits < parts[i].Length)
            {
                break;
            }
        }

        return parts.Length < 2 ? null : new ServerVersion(plain, numbers[0], numbers[1], numbers[2]);
    }

    /// <summary>The version of vLLM installed in an image's root, else of <c>VLLM_VERSION</c>, else <see cref="Default"/>.</summary>
    public static ServerVersion Detect(string rootDirectory, IReadOnlyDictionary<string, string> environment) =>
        Installed(rootDirectory, "vllm") ?? TryParse(environment.GetValueOrDefault("VLLM_VERSION")) ?? Default;

    /// <summary>The version of a Python package installed in an image's root; null when it is not there.</summary>
    public static ServerVersion? Installed(string rootDirectory, string package)
    {
        foreach (var prefix in Prefixes)
        {
            var lib = Path.Join(rootDirectory, prefix);
            if (!Directory.Exists(lib))
            {
                continue;
            }

            foreach (var python in Directory.EnumerateDirectories(lib, "python3*").Order(StringComparer.Ordinal))
            {
                foreach (var packages in new[] { "dist-packages", "site-packages" })
                {
                    var folder = Path.Join(python, packages);
                    if (Directory.Exists(folder) && MetadataVersion(folder, package) is { } version)
                    {
                        return version;
                    }
                }
            }
        }

        return null;
    }

    private static ServerVersion? MetadataVersion(string packages, string package)
    {
        foreach (var info in Directory.EnumerateDirectories(packages, $"{package}-*.dist-info").Order(StringComparer.Ordinal))
        {
            var metadata = Path.Join(info, "METADATA");
            if (!File.Exists(metadata))
            {
                continue;
            }

            // The header block of an email-like file: https://packaging.python.org/specifications/core-metadata/
            var line = File.ReadLines(metadata).Take(100).TakeWhile(l => l.Length > 0).FirstOrDefault(l => l.StartsWith("Version:", StringComparison.Ordinal));
            if (TryParse(line?["Version:".Length..]) is { } version)
            {
                return version;
            }
        }

        return null;
    }
}
