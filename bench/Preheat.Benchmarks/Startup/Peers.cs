namespace Preheat.Benchmarks.Startup;

/// <summary>Makes what ours is measured beside, once, under <c>artifacts/bench</c>.</summary>
internal static class Peers
{
    private const string CakeVersion = "7.0.0";

    private static readonly Dictionary<string, string> Quiet = new() { ["DOTNET_NOLOGO"] = "1", ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1", ["CAKE_SETTINGS_SHOWPROCESSCOMMANDLINE"] = "false" };

    /// <summary>The smallest program there is: what the runtime itself takes.</summary>
    /// <returns>Path of its assembly.</returns>
    public static async Task<string> HelloAsync(string bench, CancellationToken cancellation)
    {
        var folder = Directory.CreateDirectory(Path.Combine(bench, "hello")).FullName;
        var assembly = Path.Combine(folder, "out", "hello.dll");
        if (!File.Exists(assembly))
        {
            // An empty Directory.Build.props keeps the repository's own away, and so its analyzers and lock files.
            foreach (var name in new[] { "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props" })
                await File.WriteAllTextAsync(Path.Combine(folder, name), "<Project />\n", cancellation);
            await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), "System.Console.WriteLine(\"Hello\");\n", cancellation);
            await File.WriteAllTextAsync(
                Path.Combine(folder, "hello.csproj"),
                "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><InvariantGlobalization>true</InvariantGlobalization></PropertyGroup></Project>\n",
                cancellation);
            await ChildRun.MeasureAsync("dotnet", ["build", folder, "-c", "Release", "-o", Path.Combine(folder, "out"), "-nologo", "-v:quiet", "-nodeReuse:false"], folder, Quiet, cancellation);
        }
        return assembly;
    }

    /// <summary>Cake with a script whose only task is empty.</summary>
    public static async Task<Subject> CakeAsync(string bench, CancellationToken cancellation)
    {
        var tools = Path.Combine(bench, "tools");
        var cake = Path.Combine(tools, "dotnet-cake");
        if (!File.Exists(cake))
            await ChildRun.MeasureAsync("dotnet", ["tool", "install", "Cake.Tool", "--version", CakeVersion, "--tool-path", tools], bench, Quiet, cancellation);
        var folder = Directory.CreateDirectory(Path.Combine(bench, "cake")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "build.cake"), "Task(\"Default\");\nRunTarget(\"Default\");\n", cancellation);
        return new Subject($"dotnet cake {CakeVersion}, an empty task", cake, ["build.cake", "--verbosity=quiet"], folder, Quiet);
    }
}
