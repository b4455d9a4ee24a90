using System.Runtime.InteropServices;

namespace Preheat.LocalCloud.Hosting;

/// <summary>Finds the <c>dotnet</c> program that runs this process, or one that can.</summary>
internal static class DotnetHost
{
    private static readonly string FileName = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";

    /// <exception cref="LocalCloudException">There is none.</exception>
    public static string Find() => Candidates().FirstOrDefault(File.Exists)
        ?? throw new LocalCloudException("The dotnet program was not found. Set DOTNET_ROOT to the folder that holds it, or put it on the PATH.", exitCode: 2);

    private static IEnumerable<string> Candidates()
    {
        if (Environment.ProcessPath is { } self && Path.GetFileName(self) == FileName)
        {
            yield return self;
        }

        // ROOT/shared/Microsoft.NETCore.App/VERSION/: the root of the very runtime that runs this code.
        yield return Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", FileName));
        if (Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host)
        {
            yield return host;
        }

        if (Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root)
        {
            yield return Path.Combine(root, FileName);
        }

        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            yield return Path.Combine(folder, FileName);
        }
    }
}
