using System.Globalization;
using System.Text.Json;

namespace Preheat.Benchmarks.Startup;

/// <summary>
/// What one pays before anything happens: ours, beside Cake that does nothing, and beside the machine's limit, a program that only
/// says hello. Every round gives each program its turn, so that a busy moment does not fall on one alone.
/// </summary>
internal static class StartupBenchmark
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n" };

    public static async Task RunAsync(StartupOptions options, CancellationToken cancellation)
    {
        using var work = new Bake.WorkFolder();
        var bench = Directory.CreateDirectory(Path.Combine(options.ArtifactsDirectory, "bench")).FullName;
        var build = Path.Combine(options.Root, "build.sh");

        // A cloud and receipts of its own: it must neither find nor leave anything in the user's.
        var own = new Dictionary<string, string> { ["PREHEAT_STATE"] = work["state"] };
        string[] place = ["--artifacts-directory", work["artifacts"]];
        try
        {
            await ChildRun.MeasureAsync(build, ["Deploy", .. place], options.Root, own, cancellation);
            var program = await ProgramAsync(options.Root, cancellation);
            List<Subject> subjects =
            [
                new("limit: hello world", "dotnet", [await Peers.HelloAsync(bench, cancellation)], bench, own),
                new("dotnet _build.dll --help", "dotnet", [program, "--help"], options.Root, own),
                new("./build.sh --help", build, ["--help"], options.Root, own),
                new("./build.sh --plan", build, ["--plan", .. place], options.Root, own),
                new("./build.sh Deploy, up to date", build, ["Deploy", .. place], options.Root, own),
            ];
            if (options.HasPeers)
                subjects.Add(await Peers.CakeAsync(bench, cancellation));
            for (var round = 0; round < options.Runs; round++)
            {
                foreach (var subject in subjects)
                    subject.Runs.Add(await ChildRun.MeasureAsync(subject.Program, subject.Arguments, subject.Directory, subject.Variables, cancellation));
            }
            await ReportAsync(options, bench, subjects, cancellation);
        }
        finally
        {
            await ChildRun.MeasureAsync(build, ["LocalCloudDown", .. place], options.Root, own, CancellationToken.None);
        }
    }

    /// <summary>The compiled build program, as <c>build.sh</c> notes it.</summary>
    private static async Task<string> ProgramAsync(string root, CancellationToken cancellation)
    {
        var stamp = await File.ReadAllLinesAsync(Path.Combine(root, ".nuke", "temp", "build.stamp"), cancellation);
        return stamp.Length > 2 && File.Exists(stamp[2]) ? stamp[2] : throw new PreheatException($"{root}/.nuke/temp/build.stamp names no compiled build.");
    }

    private static async Task ReportAsync(StartupOptions options, string bench, List<Subject> subjects, CancellationToken cancellation)
    {
        var load = await ChildRun.LoadAverageAsync(cancellation);
        Console.WriteLine($"start-up, median of {options.Runs}, load average {load}");
        Console.WriteLine($"{"",-32}{"s",8}{"fastest",10}{"CPU s",8}");
        foreach (var subject in subjects)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {subject.Name,-30}{subject.Median(run => run.Seconds),8:0.000}{subject.Runs.Min(run => run.Seconds),10:0.000}{subject.Median(run => run.CpuSeconds),8:0.00}"));
        var result = new { loadAverage = load, subjects = subjects.Select(subject => new { subject.Name, seconds = subject.Median(run => run.Seconds), cpuSeconds = subject.Median(run => run.CpuSeconds), subject.Runs }) };
        await File.WriteAllTextAsync(Path.Combine(bench, "startup.json"), JsonSerializer.Serialize(result, Json) + "\n", cancellation);
    }
}

/// <summary>A command line to measure, and how its runs went.</summary>
internal sealed record Subject(string Name, string Program, IReadOnlyList<string> Arguments, string Directory, IReadOnlyDictionary<string, string> Variables)
{
    public List<ChildRun> Runs { get; } = [];

    public double Median(Func<ChildRun, double> value)
    {
        var sorted = Runs.Select(value).Order().ToList();
        return sorted[sorted.Count / 2];
    }
}
