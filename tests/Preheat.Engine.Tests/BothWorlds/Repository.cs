namespace Preheat.Engine.Tests.BothWorlds;

/// <summary>Files of the repository that these tests belong to.</summary>
internal static class Repository
{
    /// <summary>The nearest folder upwards that holds the solution.</summary>
    public static string Root { get; } = Find();

    /// <summary>What a project's build left, of the configuration and framework of these tests.</summary>
    public static string Output(string project, string file)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(Root, project, "bin", folder.Parent!.Name, folder.Name, file);
    }

    private static string Find()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Preheat.slnx")))
            {
                return folder;
            }
        }

        throw new InvalidOperationException($"No Preheat.slnx from {AppContext.BaseDirectory} upwards.");
    }
}
