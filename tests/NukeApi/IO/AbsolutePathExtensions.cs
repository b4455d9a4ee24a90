using System.Runtime.CompilerServices;
using System.Text;

namespace Nuke.Common.IO;

public static class AbsolutePathExtensions
{
    public static bool Exists(this AbsolutePath path, [CallerArgumentExpression("path")] string expression = null) => throw null;
    public static bool FileExists(this AbsolutePath path) => throw null;
    public static bool DirectoryExists(this AbsolutePath path) => throw null;
    public static bool ContainsFile(this AbsolutePath path, string pattern, SearchOption options = SearchOption.TopDirectoryOnly) => throw null;
    public static bool ContainsDirectory(this AbsolutePath path, string pattern, SearchOption options = SearchOption.TopDirectoryOnly) => throw null;
    public static AbsolutePath Existing(this AbsolutePath path, [CallerArgumentExpression("path")] string expression = null) => throw null;
    public static AbsolutePath ExistingFile(this AbsolutePath path) => throw null;
    public static AbsolutePath ExistingDirectory(this AbsolutePath path) => throw null;
    public static IEnumerable<AbsolutePath> WhereFileExists(this IEnumerable<AbsolutePath> paths) => throw null;
    public static IEnumerable<AbsolutePath> WhereDirectoryExists(this IEnumerable<AbsolutePath> paths) => throw null;

    public static AbsolutePath CreateDirectory(this AbsolutePath path) => throw null;
    public static AbsolutePath CreateOrCleanDirectory(this AbsolutePath path) => throw null;
    public static AbsolutePath TouchFile(this AbsolutePath path, DateTime? time = null, bool createDirectories = true) => throw null;
    public static void DeleteFile(this AbsolutePath path) => throw null;
    public static void DeleteDirectory(this AbsolutePath path) => throw null;
    public static void DeleteFiles(this IEnumerable<AbsolutePath> paths) => throw null;
    public static void DeleteDirectories(this IEnumerable<AbsolutePath> paths) => throw null;

    public static bool HasExtension(this AbsolutePath path, string extension, params string[] alternativeExtensions) => throw null;
    public static AbsolutePath WithExtension(this AbsolutePath path, string extension) => throw null;
    public static FileInfo ToFileInfo(this AbsolutePath path) => throw null;
    public static DirectoryInfo ToDirectoryInfo(this AbsolutePath path) => throw null;
    public static AbsolutePath FindParent(this AbsolutePath path, Func<AbsolutePath, bool> predicate) => throw null;
    public static AbsolutePath FindParentOrSelf(this AbsolutePath path, Func<AbsolutePath, bool> predicate) => throw null;
    public static IEnumerable<AbsolutePath> GetFiles(this AbsolutePath path, string pattern = "*", int depth = 1, FileAttributes attributes = 0) => throw null;
    public static IEnumerable<AbsolutePath> GetDirectories(this AbsolutePath path, string pattern = "*", int depth = 1, FileAttributes attributes = 0) => throw null;

    public static string ReadAllText(this AbsolutePath path, Encoding encoding = null) => throw null;
    public static string[] ReadAllLines(this AbsolutePath path, Encoding encoding = null) => throw null;
    public static byte[] ReadAllBytes(this AbsolutePath path) => throw null;

    public static AbsolutePath Rename(this AbsolutePath source, string newName, ExistsPolicy policy = ExistsPolicy.Fail) => throw null;
    public static AbsolutePath Rename(this AbsolutePath source, Func<AbsolutePath, string> newName, ExistsPolicy policy = ExistsPolicy.Fail) => throw null;
    public static AbsolutePath RenameWithoutExtension(this AbsolutePath source, string newName, ExistsPolicy policy = ExistsPolicy.Fail) => throw null;

    public static AbsolutePath MoveToDirectory(
        this AbsolutePath source,
        AbsolutePath target,
        ExistsPolicy policy = ExistsPolicy.Fail,
        bool createDirectories = true) => throw null;

    public static AbsolutePath CopyToDirectory(
        this AbsolutePath source,
        AbsolutePath target,
        ExistsPolicy policy = ExistsPolicy.Fail,
        Func<AbsolutePath, bool> excludeDirectory = null,
        Func<AbsolutePath, bool> excludeFile = null,
        bool createDirectories = true) => throw null;

    public static AbsolutePath Move(
        this AbsolutePath source,
        AbsolutePath target,
        ExistsPolicy policy = ExistsPolicy.Fail,
        bool createDirectories = true,
        bool deleteRemainingFiles = false) => throw null;

    public static AbsolutePath Copy(
        this AbsolutePath source,
        AbsolutePath target,
        ExistsPolicy policy = ExistsPolicy.Fail,
        Func<AbsolutePath, bool> excludeDirectory = null,
        Func<AbsolutePath, bool> excludeFile = null,
        bool createDirectories = true) => throw null;
}

public static class Globbing
{
    public static IReadOnlyCollection<AbsolutePath> GlobFiles(this AbsolutePath directory, params string[] patterns) => throw null;
    public static IReadOnlyCollection<AbsolutePath> GlobDirectories(this AbsolutePath directory, params string[] patterns) => throw null;
}
