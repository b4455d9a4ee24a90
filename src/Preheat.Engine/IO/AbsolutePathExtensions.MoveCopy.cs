namespace Nuke.Common.IO;

public static partial class AbsolutePathExtensions
{
    /// <summary>Gives the file or directory another name.</summary>
    public static AbsolutePath Rename(this AbsolutePath source, string newName, ExistsPolicy policy = ExistsPolicy.Fail) =>
        source.Move(source.Parent! / newName, policy);

    /// <inheritdoc cref="Rename(AbsolutePath, string, ExistsPolicy)"/>
    public static AbsolutePath Rename(this AbsolutePath source, Func<AbsolutePath, string> newName, ExistsPolicy policy = ExistsPolicy.Fail) =>
        source.Rename(newName(source), policy);

    /// <summary>Gives the file another name with the same extension.</summary>
    public static AbsolutePath RenameWithoutExtension(this AbsolutePath source, string newName, ExistsPolicy policy = ExistsPolicy.Fail) =>
        source.Rename(newName + source.Extension, policy);

    /// <summary>Moves the file or directory into another directory, under the same name.</summary>
    public static AbsolutePath MoveToDirectory(
        this AbsolutePath source,
        AbsolutePath target,
        ExistsPolicy policy = ExistsPolicy.Fail,
        bool createDirectories = true) =>
        source.Move(target / source.Name, policy, createDirectories);

    /// <summary>Copies the file or directory into another directory, under the same name.</summary>
    public static AbsolutePath CopyToDirectory(
        this AbsolutePath source,
        AbsolutePath target,
        ExistsPolicy policy = ExistsPolicy.Fail,
        Func<AbsolutePath, bool>? excludeDirectory = null,
        Func<AbsolutePath, bool>? excludeFile = null,
        bool createDirectories = true) =>
        source.Copy(target / source.Name, policy, excludeDirectory, excludeFile, createDirectories);

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
