using Preheat.Benchmarks.Bake;
using Preheat.Benchmarks.Cluster;
using Preheat.Benchmarks.Engine;
using Preheat.Benchmarks.Pull;
using Preheat.Benchmarks.Render;
using Preheat.Benchmarks.Startup;

// Measures, and prints each figure beside the machine's own limit. `sink` is the discarding registry, a process of its own so that peaks of memory are the baker's.
try
{
    switch (args)
    {
        case ["bake", .. var options]:
            await BakeBenchmark.RunAsync(BakeOptions.Parse(options), CancellationToken.None);
            return 0;
        case ["rebake", .. var options]:
            await RebakeBenchmark.RunAsync(BakeOptions.Parse(options), CancellationToken.None);
            return 0;
        case ["pull", .. var options]:
            await PullBenchmark.RunAsync(BakeOptions.Parse(options), CancellationToken.None);
            return 0;
        case ["startup", .. var options]:
            await StartupBenchmark.RunAsync(StartupOptions.Parse(options), CancellationToken.None);
            return 0;
        case ["engine"]:
            await EngineBenchmark.RunAsync("artifacts", CancellationToken.None);
            return 0;
        case ["render"]:
            await RenderBenchmark.RunAsync("artifacts", CancellationToken.None);
            return 0;
        case ["cluster"]:
            await ClusterBenchmark.RunAsync(".", "artifacts", CancellationToken.None);
            return 0;
        case ["sink"]:
            await DiscardingRegistry.RunAsync();
            return 0;
        default:
            if (await ClusterBenchmark.TryRunPartAsync(args, CancellationToken.None))
                return 0;
            await Console.Error.WriteLineAsync("usage: bake [--size 1GiB] [--runs 3] [--peers all|none] [--artifacts-directory artifacts]\n       rebake [--size 1GiB] [--runs 3] [--artifacts-directory artifacts]\n       pull [--size 1GiB] [--runs 3] [--peers all|none] [--artifacts-directory artifacts]\n       startup [--runs 7] [--peers all|none] [--root .] [--artifacts-directory artifacts]\n       engine\n       render\n       cluster");
            return 2;
    }
}
catch (Preheat.PreheatException exception)
{
    await Console.Error.WriteLineAsync(exception.Message);
    return exception.ExitCode;
}
