namespace Nuke.Common.IO;

/// <summary>Files and directories by pattern.</summary>
public static class Globbing
{
    /// <summary>The files that match one of the patterns (<c>*</c>, <c>?</c>, <c>**</c>), sorted.</summary>
    public static IReadOnlyCollection<AbsolutePath> GlobFiles(this AbsolutePath directory, params string[] patterns) =>
        Glob.Find(directory, patterns, wantDirectories: false);

    /// <summary>The directories that match one of the patterns, sorted.</summary>
    public static IReadOnlyCollection<AbsolutePath> GlobDirectories(this AbsolutePath directory, params string[] patterns) =>
        Glob.Find(directory, patterns, wantDirectories: true);
}
