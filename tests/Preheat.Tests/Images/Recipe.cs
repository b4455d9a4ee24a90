namespace Preheat.Tests.Images;

/// <summary>The repository's own recipe.</summary>
internal static class Recipe
{
    public static string Path { get; } = Find();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = System.IO.Path.Combine(folder.FullName, "Dockerfile.vllm");
            if (File.Exists(path))
                return path;
        }
        throw new FileNotFoundException("Dockerfile.vllm is not above the tests.");
    }
}
