using Preheat.Manifests;

namespace Preheat.Tests.Manifests;

/// <summary>Compares rendered manifests with a folder of <c>Golden/</c>. <c>UPDATE_GOLDENS=1</c> accepts what is rendered now; the change is then reviewed as a diff.</summary>
internal static class Golden
{
    /// <param name="only">The one file that is compared; null compares all, and that there are no others.</param>
    public static void Matches(string golden, ManifestSet set, string output, string? only = null)
    {
        var folder = Path.Combine(RenderingFixture.RepositoryRoot, "tests/Preheat.Tests/Manifests/Golden", golden);
        var files = only is null ? set.Files : [only];
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDENS") == "1")
        {
            Directory.CreateDirectory(folder);
            foreach (var file in files)
                File.Copy(Path.Combine(output, file), Path.Combine(folder, file), overwrite: true);
        }
        files.Order(StringComparer.Ordinal).ShouldBe(Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        foreach (var file in files)
            File.ReadAllText(Path.Combine(output, file)).ShouldBe(File.ReadAllText(Path.Combine(folder, file)), file);
    }
}
