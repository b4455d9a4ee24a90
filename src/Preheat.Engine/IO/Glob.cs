using System.IO.Enumeration;

namespace Nuke.Common.IO;

/// <summary>Path patterns: <c>*</c> and <c>?</c> within one part, <c>**</c> for any number of parts.</summary>
internal static class Glob
{
    public static List<AbsolutePath> Find(AbsolutePath directory, IEnumerable<string> patterns, bool wantDirectories)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var pattern in patterns)
        {
            var parts = pattern.Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries);
            if (directory.DirectoryExists())
            {
                Walk(directory, parts, wantDirectories, found);
            }
        }

        return [.. found.Select(AbsolutePath.Create)];
    }

    private static void Walk(string directory, ReadOnlySpan<string> parts, bool wantDirectories, SortedSet<string> found)
    {
        if (parts.IsEmpty)
        {
            return;
        }

        if (parts[0] == "**")
        {
            Walk(directory, parts[1..], wantDirectories, found);
            if (parts.Length == 1)
            {
                Collect(directory, "*", wantDirectories, found);
            }

            foreach (var child in Directory.GetDirectories(directory).Where(child => !File.GetAttributes(child).HasFlag(FileAttributes.ReparsePoint)))
            {
                Walk(child, parts, wantDirectories, found);
            }
        }
        else if (parts.Length == 1)
        {
            Collect(directory, parts[0], wantDirectories, found);
        }
        else
        {
            foreach (var child in Directory.GetDirectories(directory))
            {
                if (FileSystemName.MatchesSimpleExpression(parts[0], Path.GetFileName(child), ignoreCase: OperatingSystem.IsWindows()))
                {
                    Walk(child, parts[1..], wantDirectories, found);
                }
            }
        }
    }

    private static void Collect(string directory, string pattern, bool wantDirectories, SortedSet<string> found)
    {
        var entries = wantDirectories ? Directory.GetDirectories(directory) : Directory.GetFiles(directory);
        found.UnionWith(entries.Where(entry => FileSystemName.MatchesSimpleExpression(pattern, Path.GetFileName(entry), ignoreCase: OperatingSystem.IsWindows())));
    }
}
