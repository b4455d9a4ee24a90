using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Nuke.Common;
using Nuke.Common.Execution;
using Nuke.Common.Sessions;

namespace Preheat.Benchmarks.Engine;

/// <summary>How large graphs plan and run: 2,000 targets planned, 10,000 empty ones run, beside as many empty tasks of the thread pool.</summary>
internal static class EngineBenchmark
{
    private const int Few = 20;
    private const int Planned = 2_000;
    private const int Run = 10_000;
    private const int Repeats = 5;

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n" };

    public static async Task RunAsync(string artifacts, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("preheat-bench-");
        try
        {
            Directory.CreateDirectory(Path.Combine(folder.FullName, ".nuke"));
            var few = LargeBuild.Create(Few, folder.FullName);
            var planned = LargeBuild.Create(Planned, folder.FullName);
            var many = LargeBuild.Create(Run, folder.FullName);
            List<Figure> figures =
            [
                // The runtime compiles code when it is first called: the engine's with the first plan, the targets' with the first of theirs.
                new($"plan {Few} targets: the engine's own start", Measure(few, folder.FullName, $"T{Few - 1}", "--plan"), null),
                new($"plan {Planned:N0} targets, first time", Measure(planned, folder.FullName, $"T{Planned - 1}", "--plan"), 0.1),
                new($"plan {Planned:N0} targets, again", Median(() => Measure(planned, folder.FullName, $"T{Planned - 1}", "--plan")), 0.1),
                new($"run {Run:N0} empty targets, first time", Measure(many, folder.FullName, $"T{Run - 1}", "--degree-of-parallelism", "1"), 2),
                new($"run {Run:N0} empty targets, two at a time", Median(() => Measure(many, folder.FullName, $"T{Run - 1}", "--degree-of-parallelism", "2")), 2),
                new($"limit: {Run:N0} empty tasks awaited", Median(EmptyTasks), null),
            ];
            Console.WriteLine($"engine, load average {await ChildRun.LoadAverageAsync(cancellation)}");
            Console.WriteLine($"{"",-44}{"s",8}{"CPU s",8}{"goal",8}");
            foreach (var figure in figures)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {figure.Name,-42}{figure.Cost.Seconds,8:0.000}{figure.Cost.CpuSeconds,8:0.00}{figure.Goal,8:0.0}").TrimEnd());
            var bench = Directory.CreateDirectory(Path.Combine(artifacts, "bench")).FullName;
            await File.WriteAllTextAsync(Path.Combine(bench, "engine.json"), JsonSerializer.Serialize(figures, Json) + "\n", cancellation);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Cost Measure(Type build, string root, params string[] arguments) => Take(() =>
    {
        var session = new BuildSession(new ProcessContext
        {
            Arguments = arguments,
            Variables = new Dictionary<string, string>(),
            WorkingDirectory = root,
            Out = TextWriter.Null,
            Error = Console.Error,
        });
        var exit = BuildRunner.Run(session, () => (NukeBuild)Activator.CreateInstance(build)!, build, []);
        if (exit != 0)
            throw new PreheatException($"The engine ended with exit code {exit}.");
    });

    private static Cost Median(Func<Cost> measure) => Enumerable.Range(0, Repeats).Select(_ => measure()).OrderBy(cost => cost.Seconds).ElementAt(Repeats / 2);

    private static Cost EmptyTasks() => Take(() =>
    {
        for (var i = 0; i < Run; i++)
            Task.Run(() => { }).GetAwaiter().GetResult();
    });

    private static Cost Take(Action action)
    {
        using var process = Process.GetCurrentProcess();
        var cpu = process.TotalProcessorTime;
        var clock = Stopwatch.StartNew();
        action();
        var seconds = clock.Elapsed.TotalSeconds;
        process.Refresh();
        return new Cost(seconds, (process.TotalProcessorTime - cpu).TotalSeconds);
    }

    /// <param name="CpuSeconds">Processor time; on a busy machine the steadier figure.</param>
    private sealed record Cost(double Seconds, double CpuSeconds);

    /// <param name="Goal">Seconds at most; null for none.</param>
    private sealed record Figure(string Name, Cost Cost, double? Goal);
}
