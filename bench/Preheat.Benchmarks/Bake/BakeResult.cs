using System.Globalization;

namespace Preheat.Benchmarks.Bake;

/// <summary>One run.</summary>
/// <param name="Seconds">Wall time.</param>
/// <param name="CpuSeconds">Processor time of this process; null when other programs did the work.</param>
/// <param name="RegistryCpuSeconds">Processor time of the registry.</param>
internal sealed record BakeRun(double Seconds, double? CpuSeconds, double? RegistryCpuSeconds);

/// <summary>All runs; the lists of peers are empty when they were not asked for.</summary>
internal sealed record BakeResult
{
    public required long Bytes { get; init; }

    public long PeakRssBytes { get; set; }

    /// <summary>Of the last minute, at the end.</summary>
    public string LoadAverage { get; set; } = "";

    /// <summary>One thread of SHA-256 over the same bytes.</summary>
    public List<BakeRun> Limit { get; } = [];

    /// <summary>Ours into a registry that discards.</summary>
    public List<BakeRun> Discard { get; } = [];

    /// <summary>Ours into docker-registry.</summary>
    public List<BakeRun> Registry { get; } = [];

    public List<BakeRun> Umoci { get; } = [];

    public List<BakeRun> Buildah { get; } = [];
}

/// <summary>Prints medians side by side.</summary>
internal static class BakeReport
{
    public static void Print(BakeResult result)
    {
        Console.WriteLine($"bake of {ByteSize.Format(result.Bytes)}, median of {result.Discard.Count}, load average {result.LoadAverage}");
        Console.WriteLine($"{"into a registry that discards",-34}{"s",8}{"MB/s",8}{"of limit",10}{"CPU s",8}{"its CPU s",11}{"peak RSS",10}");
        Row("built-in baker", result.Discard, result, Share(result), Text(Median(result.Discard, run => run.CpuSeconds)), Text(Median(result.Discard, run => run.RegistryCpuSeconds)), $"{result.PeakRssBytes >> 20} MiB");
        Row("limit: SHA-256, 1 thread", result.Limit, result, "1.00", "", "", "");
        if (result.Registry.Count == 0)
            return;
        Console.WriteLine($"{"from disk into docker-registry",-34}{"s",8}{"MB/s",8}{"ours is",10}{"CPU s",8}{"its CPU s",11}");
        foreach (var (name, runs) in new[] { ("built-in baker", result.Registry), ("umoci insert + skopeo copy", result.Umoci), ("buildah bud + push", result.Buildah) })
        {
            var factor = string.Create(CultureInfo.InvariantCulture, $"{Median(runs, run => run.Seconds) / Median(result.Registry, run => run.Seconds):0.0}x");
            Row(name, runs, result, factor, Text(Median(runs, run => run.CpuSeconds)), Text(Median(runs, run => run.RegistryCpuSeconds)), "");
        }
    }

    /// <summary>The median of the rounds' shares: a round's limit and bake stand beside each other in time.</summary>
    private static string Share(BakeResult result)
    {
        var shares = result.Limit.Zip(result.Discard, (limit, run) => limit.Seconds / run.Seconds).Order().ToList();
        return shares[shares.Count / 2].ToString("0.00", CultureInfo.InvariantCulture);
    }

    private static double? Median(IEnumerable<BakeRun> runs, Func<BakeRun, double?> value)
    {
        var sorted = runs.Select(value).OfType<double>().Order().ToList();
        return sorted.Count == 0 ? null : sorted[sorted.Count / 2];
    }

    private static string Text(double? seconds) => seconds?.ToString("0.0", CultureInfo.InvariantCulture) ?? "";

    private static void Row(string name, List<BakeRun> runs, BakeResult result, string share, string cpu, string registryCpu, string peak)
    {
        var seconds = Median(runs, run => run.Seconds)!.Value;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name,-32}{seconds,8:0.0}{result.Bytes / seconds / 1e6,8:N0}{share,10}{cpu,8}{registryCpu,11}{peak,10}").TrimEnd());
    }
}
