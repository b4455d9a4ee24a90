namespace Preheat.Images;

/// <summary>Finds programs on the search path.</summary>
internal static class Programs
{
    /// <summary>The program's path; null when it is not there.</summary>
    public static string? Find(string name, string? searchPath)
    {
        string[] endings = OperatingSystem.IsWindows() ? [".exe", ".cmd"] : [""];
        return (searchPath ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(folder => endings.Select(ending => Path.Combine(folder, name + ending)))
            .FirstOrDefault(File.Exists);
    }
}
