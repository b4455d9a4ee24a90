namespace Preheat.Images;

/// <summary>Directories that every base image has, with the modes they have there.</summary>
/// <remarks>
/// The built-in builder does not download the base image's layers, so it does not know their directories. A layer's entry for a directory that exists changes its
/// mode and owner; hence no entry is written for what is certainly there: the Filesystem Hierarchy Standard 3.0, and the way to the base image's own working directory.
/// </remarks>
internal static class StandardDirectories
{
    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/media", "/mnt", "/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys", "/tmp",
        "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/local/lib", "/usr/sbin", "/usr/share", "/usr/src",
        "/var", "/var/cache", "/var/lib", "/var/log", "/var/run", "/var/tmp",
    };

    /// <summary>True for a directory that a base image has and whose mode must not change.</summary>
    public static bool Contains(string path) => Known.Contains(path);

    /// <summary>The directory and those above it that may be missing, parents first.</summary>
    /// <param name="existing">A directory that exists: the base image's working directory.</param>
    public static IEnumerable<string> Missing(string path, string existing)
    {
        if (path.Length == 0)
            yield break;
        for (var slash = path.IndexOf('/', 1); ; slash = path.IndexOf('/', slash + 1))
        {
            var directory = slash < 0 ? path : path[..slash];
            if (directory != "/" && !Contains(directory) && directory != existing && !existing.StartsWith(directory + "/", StringComparison.Ordinal))
                yield return directory;
            if (slash < 0)
                yield break;
        }
    }
}
