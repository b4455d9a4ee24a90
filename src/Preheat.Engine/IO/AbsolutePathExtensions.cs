using System.Runtime.CompilerServices;
using System.Text;

namespace Nuke.Common.IO;

/// <summary>What to do with what already stands at the target of a copy or move.</summary>
[Flags]
public enum ExistsPolicy
{
    DirectoryFail = 1,
    DirectoryMerge = 2,
    FileFail = 4,
    FileSkip = 8,
    FileOverwrite = 16,
    FileOverwriteIfNewer = 32,
    Fail = DirectoryFail | FileFail,
    MergeAndSkip = DirectoryMerge | FileSkip,
    MergeAndOverwrite = DirectoryMerge | FileOverwrite,
    MergeAndOverwriteIfNewer = DirectoryMerge | FileOverwriteIfNewer,
}

/// <summary>File system operations on paths.</summary>
public static class AbsolutePathExtensions
{
    private static readonly UTF8Encoding DefaultEncoding = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Whether a file or directory exists; which of them is guessed from the end of the argument's name, as Nuke does.</summary>
    /// <exception cref="ArgumentException">The name tells neither.</exception>
    public static bool Exists(this AbsolutePath path, [CallerArgumentExpression(nameof(path))] string? expression = null)
    {
        bool EndsWith(params ReadOnlySpan<string> words)
        {
            foreach (var word in words)
            {
                if (expression?.EndsWith(word, StringComparison.OrdinalIgnoreCase) == true)
                {
                    return true;
                }
            }

            return false;
        }

        return EndsWith("file", "executable", "exe", "script") ? path.FileExists()
            : EndsWith("directory", "dir", "folder") ? path.DirectoryExists()
            : throw new ArgumentException($"'{expression}' does not tell whether a file or a directory is meant. Use FileExists() or DirectoryExists().", nameof(path));
    }

    public static bool FileExists(this AbsolutePath path) => File.Exists(path);

    public static bool DirectoryExists(this AbsolutePath path) => Directory.Exists(path);

    /// <summary>Creates the directory and those above it.</summary>
    public static AbsolutePath CreateDirectory(this AbsolutePath path)
    {
        Directory.CreateDirectory(path);
        return path;
    }

    /// <summary>Leaves an empty directory.</summary>
    public static AbsolutePath CreateOrCleanDirectory(this AbsolutePath path)
    {
        path.DeleteDirectory();
        return path.CreateDirectory();
    }

    /// <summary>Deletes the file if there is one.</summary>
    public static void DeleteFile(this AbsolutePath path)
    {
        if (path.FileExists())
        {
            File.Delete(path);
        }
    }

    /// <summary>Deletes the directory with all it holds, if there is one.</summary>
    public static void DeleteDirectory(this AbsolutePath path)
    {
        if (path.DirectoryExists())
        {
            Directory.Delete(path, recursive: true);
        }
    }

    /// <summary>Creates an empty file, or sets the time of last writing of an existing one.</summary>
    public static AbsolutePath TouchFile(this AbsolutePath path, DateTime? time = null, bool createDirectories = true)
    {
        if (createDirectories)
        {
            path.Parent?.CreateDirectory();
        }

        using (File.Open(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite))
        {
        }

        File.SetLastWriteTime(path, time ?? TimeProvider.System.GetLocalNow().DateTime);
        return path;
    }

    public static string ReadAllText(this AbsolutePath path, Encoding? encoding = null) => File.ReadAllText(path, encoding ?? Encoding.UTF8);

    /// <summary>Writes the text, ended by one line break unless told otherwise.</summary>
    public static AbsolutePath WriteAllText(this AbsolutePath path, string content, Encoding? encoding = null, bool? eofLineBreak = null)
    {
        path.Parent?.CreateDirectory();
        if (eofLineBreak ?? true)
        {
            content = content.TrimEnd('\r', '\n') + (content.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n");
        }

        File.WriteAllText(path, content, encoding ?? DefaultEncoding);
        return path;
    }

    /// <summary>The files that match one of the patterns (<c>*</c>, <c>?</c>, <c>**</c>), sorted.</summary>
    public static IReadOnlyCollection<AbsolutePath> GlobFiles(this AbsolutePath directory, params string[] patterns) =>
        Glob.Find(directory, patterns, wantDirectories: false);

    /// <summary>The directories that match one of the patterns, sorted.</summary>
    public static IReadOnlyCollection<AbsolutePath> GlobDirectories(this AbsolutePath directory, params string[] patterns) =>
        Glob.Find(directory, patterns, wantDirectories: true);

    /// <summary>Copies a file, or a directory with all it holds.</summary>
    /// <exception cref="IOException">The source does not exist, or the policy forbids what would happen.</exception>
    public static AbsolutePath Copy(
        this AbsolutePath source,
        AbsolutePath target,
        ExistsPolicy policy = ExistsPolicy.Fail,
        Func<AbsolutePath, bool>? excludeDirectory = null,
        Func<AbsolutePath, bool>? excludeFile = null,
        bool createDirectories = true)
    {
        if (source.FileExists())
        {
            return PutFile(source, target, policy, createDirectories, () => File.Copy(source, target, overwrite: true));
        }

        EnterDirectory(source, target, policy);
        foreach (var directory in Children(source, Directory.GetDirectories).Where(directory => excludeDirectory?.Invoke(directory) != true))
        {
            directory.Copy(target / directory.Name, policy, excludeDirectory, excludeFile, createDirectories);
        }

        foreach (var file in Children(source, Directory.GetFiles).Where(file => excludeFile?.Invoke(file) != true))
        {
            file.Copy(target / file.Name, policy);
        }

        return target;
    }

    /// <summary>Moves a file, or a directory with all it holds; what the policy skips stays behind.</summary>
    /// <exception cref="IOException">The source does not exist, or the policy forbids what would happen.</exception>
    public static AbsolutePath Move(
        this AbsolutePath source,
        AbsolutePath target,
        ExistsPolicy policy = ExistsPolicy.Fail,
        bool createDirectories = true,
        bool deleteRemainingFiles = false)
    {
        if (source.FileExists())
        {
            return PutFile(source, target, policy, createDirectories, () => File.Move(source, target, overwrite: true));
        }

        EnterDirectory(source, target, policy);
        foreach (var child in Children(source, Directory.GetFileSystemEntries))
        {
            child.Move(target / child.Name, policy, createDirectories, deleteRemainingFiles);
        }

        if (deleteRemainingFiles || !Directory.EnumerateFileSystemEntries(source).Any())
        {
            source.DeleteDirectory();
        }

        return target;
    }

    private static AbsolutePath PutFile(AbsolutePath source, AbsolutePath target, ExistsPolicy policy, bool createDirectories, Action put)
    {
        if (target.FileExists())
        {
            var isAllowed = policy.HasFlag(ExistsPolicy.FileOverwrite)
                || (policy.HasFlag(ExistsPolicy.FileOverwriteIfNewer) && File.GetLastWriteTimeUtc(target) < File.GetLastWriteTimeUtc(source));
            if (!isAllowed)
            {
                return policy.HasFlag(ExistsPolicy.FileFail) ? throw new IOException($"File '{target}' already exists.") : source;
            }
        }

        if (createDirectories)
        {
            target.Parent?.CreateDirectory();
        }

        put();
        return target;
    }

    private static void EnterDirectory(AbsolutePath source, AbsolutePath target, ExistsPolicy policy)
    {
        if (!source.DirectoryExists())
        {
            throw new FileNotFoundException($"'{source}' does not exist.", source);
        }

        if (target.ToString().StartsWith(source.ToString() + Path.DirectorySeparatorChar, StringComparison.Ordinal) || target == source)
        {
            throw new IOException($"'{target}' lies in '{source}'.");
        }

        if (target.DirectoryExists() && !policy.HasFlag(ExistsPolicy.DirectoryMerge))
        {
            throw new IOException($"Directory '{target}' already exists.");
        }

        target.CreateDirectory();
    }

    private static List<AbsolutePath> Children(AbsolutePath directory, Func<string, string[]> list) =>
        [.. list(directory).Order(StringComparer.Ordinal).Select(AbsolutePath.Create)];
}
