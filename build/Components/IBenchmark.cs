using Preheat;
using Preheat.Testing;

interface IBenchmark : IHazDeployment
{
    [Parameter("Only this benchmark - bake (default), rebake, pull, startup, engine, render, cluster", ValueProviderType = typeof(IBenchmark), ValueProviderMember = nameof(Benchmarks))]
    string? Only => TryGetValue(() => Only);

    static IEnumerable<string> Benchmarks => ["bake", "rebake", "pull", "startup", "engine", "render", "cluster"];

    [Parameter("How much data a benchmark moves, such as 512MiB or 4GiB")]
    string? BenchmarkSize => TryGetValue(() => BenchmarkSize);

    Target Benchmark => _ => _
        .Description("Measure ours beside the peers and the machine's own limit")
        .Executes(() => Session.Current.RunAsync(nameof(Benchmark), "would build and run the benchmark", async cancellation =>
        {
            var session = Session.Current;
            string[] size = BenchmarkSize is { Length: > 0 } amount ? ["--size", amount] : [];
            var code = await new ChildProcess(Session.Time).RunAsync(
                ChildProcess.Dotnet,
                ["run", "--configuration", "Release", "--project", RootDirectory / "bench" / "Preheat.Benchmarks", "--", Only ?? "bake", .. size],
                RootDirectory,
                environment: null,
                (line, _) => Log.Information("{Line}", line),
                cancellation);
            if (code != 0)
                throw code == 2 ? new UserException("The benchmark refused its arguments; the lines above say why.") : new PreheatException($"The benchmark ended with exit code {code}; the lines above say why.");
        }));
}
