namespace Preheat.Tests.Images;

/// <summary>The repository's own recipe.</summary>
internal static class Recipe
{
    public static string Path { get; } = Find("Dockerfile.vllm");

    /// <summary>A recipe of the repository by its name.</summary>
    public static string Find(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = System.IO.Path.Combine(folder.FullName, name);
            if (File.Exists(path))
                return path;
        }
        throw new FileNotFoundException($"{name} is not above the tests.");
    }
}
