namespace Preheat.EndToEnd.Tests.Bootstrap;

/// <summary>Where the repository is that these tests were built in.</summary>
internal static class RepositoryRoot
{
    public static string Path { get; } = Find(AppContext.BaseDirectory);

    public static string File(string relative) => System.IO.Path.Combine(Path, relative);

    private static string Find(string directory)
    {
        while (!System.IO.File.Exists(System.IO.Path.Combine(directory, "Preheat.slnx")))
        {
            directory = System.IO.Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("The tests do not run inside a clone.");
        }

        return directory;
    }
}
