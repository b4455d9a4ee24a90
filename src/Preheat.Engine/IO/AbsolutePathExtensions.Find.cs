using System.Runtime.CompilerServices;
using System.Text;

namespace Nuke.Common.IO;

public static partial class AbsolutePathExtensions
{
    /// <summary>Whether the directory holds a file of this pattern (<c>*</c> and <c>?</c>).</summary>
    public static bool ContainsFile(this AbsolutePath path, string pattern, SearchOption options = SearchOption.TopDirectoryOnly) =>
        Directory.EnumerateFiles(path, pattern, options).Any();

    /// <summary>Whether the directory holds a directory of this pattern.</summary>
    public static bool ContainsDirectory(this AbsolutePath path, string pattern, SearchOption options = SearchOption.TopDirectoryOnly) =>
        Directory.EnumerateDirectories(path, pattern, options).Any();

    /// <summary>The path if it exists (see <see cref="Exists"/>), or null.</summary>
    public static AbsolutePath? Existing(this AbsolutePath path, [CallerArgumentExpression(nameof(path))] string? expression = null) =>
        path.Exists(expression) ? path : null;

    /// <summary>The path if it is a file, or null.</summary>
    public static AbsolutePath? ExistingFile(this AbsolutePath path) => path.FileExists() ? path : null;

    /// <summary>The path if it is a directory, or null.</summary>
    public static AbsolutePath? ExistingDirectory(this AbsolutePath path) => path.DirectoryExists() ? path : null;

    public static IEnumerable<AbsolutePath> WhereFileExists(this IEnumerable<AbsolutePath> paths) => paths.Where(path => path.FileExists());

    public static IEnumerable<AbsolutePath> WhereDirectoryExists(this IEnumerable<AbsolutePath> paths) => paths.Where(path => path.DirectoryExists());

    public static void DeleteFiles(this IEnumerable<AbsolutePath> paths)
    {
        foreach (var path in paths)
        {
            path.DeleteFile();
        }
    }

    public static void DeleteDirectories(this IEnumerable<AbsolutePath> paths)
    {
        foreach (var path in paths)
        {
            path.DeleteDirectory();
        }
    }

    /// <summary>Whether the path ends with one of the extensions, in any case.</summary>
    public static bool HasExtension(this AbsolutePath path, string extension, params string[] alternativeExtensions) =>
        alternativeExtensions.Prepend(extension).Any(end => path.ToString().EndsWith(end, StringComparison.OrdinalIgnoreCase));

    /// <summary>The path with another extension, given with or without its dot.</summary>
    public static AbsolutePath WithExtension(this AbsolutePath path, string extension) => path.Parent! / Path.ChangeExtension(path.Name, extension);

    public static FileInfo ToFileInfo(this AbsolutePath path) => new(path);

    public static DirectoryInfo ToDirectoryInfo(this AbsolutePath path) => new(path);

    /// <summary>The nearest directory above for which the condition holds, or null.</summary>
    public static AbsolutePath? FindParent(this AbsolutePath path, Func<AbsolutePath, bool> predicate) => path.Parent?.FindParentOrSelf(predicate);

    /// <summary>The path itself or the nearest directory above for which the condition holds, or null.</summary>
    public static AbsolutePath? FindParentOrSelf(this AbsolutePath path, Func<AbsolutePath, bool> predicate)
    {
        for (var candidate = path; candidate is not null; candidate = candidate.Parent)
        {
            if (predicate(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    /// <summary>The files of the directory, and of those below it down to <paramref name="depth"/>, sorted; without those that have one of the attributes.</summary>
    public static IEnumerable<AbsolutePath> GetFiles(this AbsolutePath path, string pattern = "*", int depth = 1, FileAttributes attributes = FileAttributes.None) => depth <= 0
        ? []
        : Children(path, directory => Directory.GetFiles(directory, pattern))
            .Where(file => (File.GetAttributes(file) & attributes) == FileAttributes.None)
            .Concat(Children(path, Directory.GetDirectories).SelectMany(directory => directory.GetFiles(pattern, depth - 1, attributes)));

    /// <summary>The directories below, down to <paramref name="depth"/>, level by level, sorted; without those that have one of the attributes.</summary>
    public static IEnumerable<AbsolutePath> GetDirectories(this AbsolutePath path, string pattern = "*", int depth = 1, FileAttributes attributes = FileAttributes.None)
    {
        IReadOnlyList<AbsolutePath> level = [path];
        for (; depth > 0 && level.Count > 0; depth--)
        {
            foreach (var directory in level.SelectMany(parent => Children(parent, name => Directory.GetDirectories(name, pattern))))
            {
                if ((File.GetAttributes(directory) & attributes) == FileAttributes.None)
                {
                    yield return directory;
                }
            }

            level = [.. level.SelectMany(parent => Children(parent, Directory.GetDirectories))];
        }
    }

    public static string[] ReadAllLines(this AbsolutePath path, Encoding? encoding = null) => File.ReadAllLines(path, encoding ?? Encoding.UTF8);

    public static byte[] ReadAllBytes(this AbsolutePath path) => File.ReadAllBytes(path);
}
