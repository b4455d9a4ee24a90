using System.Diagnostics.CodeAnalysis;

namespace Nuke.Common.IO;

/// <summary>A rooted, normalised path of a file or directory, which need not exist.</summary>
public sealed class AbsolutePath : IEquatable<AbsolutePath>, IFormattable
{
    private readonly string _path;

    private AbsolutePath(string path) => _path = path;

    /// <summary>The last part of the path, with extension.</summary>
    public string Name => Path.GetFileName(_path);

    /// <summary>The last part of the path, without extension.</summary>
    public string NameWithoutExtension => Path.GetFileNameWithoutExtension(_path);

    /// <summary>The extension with its dot, or the empty text.</summary>
    public string Extension => Path.GetExtension(_path);

    /// <summary>The directory that holds it; null for a root.</summary>
    public AbsolutePath? Parent => Path.GetDirectoryName(_path) is { } parent ? new AbsolutePath(parent) : null;

    /// <exception cref="ArgumentException">The path is not rooted.</exception>
    public static AbsolutePath Create(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Path.IsPathFullyQualified(path))
        {
            throw new ArgumentException($"Path '{path}' must be rooted.", nameof(path));
        }

        return new AbsolutePath(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
    }

    [return: NotNullIfNotNull(nameof(path))]
    public static implicit operator AbsolutePath?(string? path) => path is null ? null : Create(path);

    [return: NotNullIfNotNull(nameof(path))]
    public static implicit operator string?(AbsolutePath? path) => path?._path;

    /// <summary>Appends a relative path; <c>".."</c> goes up.</summary>
    public static AbsolutePath operator /(AbsolutePath left, string? right)
    {
        ArgumentNullException.ThrowIfNull(left);
        return Create(Path.Join(left._path, right));
    }

    /// <summary>Appends text to the last part.</summary>
    public static AbsolutePath operator +(AbsolutePath left, string? right)
    {
        ArgumentNullException.ThrowIfNull(left);
        return Create(left._path + right);
    }

    public static bool operator ==(AbsolutePath? a, AbsolutePath? b) => Equals(a, b);

    public static bool operator !=(AbsolutePath? a, AbsolutePath? b) => !Equals(a, b);

    public bool Equals(AbsolutePath? other) => other is not null && string.Equals(_path, other._path, Comparison);

    public override bool Equals(object? obj) => Equals(obj as AbsolutePath);

    public override int GetHashCode() => _path.GetHashCode(Comparison);

    public override string ToString() => _path;

    /// <summary>The path in quotes: <c>d</c> double, <c>s</c> single, <c>dn</c> and <c>sn</c> only where it holds a space, <c>nq</c> none.</summary>
    /// <exception cref="FormatException">Any other format.</exception>
    public string ToString(string? format) => format switch
    {
        null or "" or "nq" => _path,
        "d" => $"\"{_path}\"",
        "s" => $"'{_path}'",
        "dn" or "sn" => _path.Contains(' ', StringComparison.Ordinal) ? ToString(format[..1]) : _path,
        _ => throw new FormatException($"A path has no format '{format}'; there are d, dn, s, sn and nq."),
    };

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString(format);

    private static StringComparison Comparison => OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
}
