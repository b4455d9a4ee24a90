using System.Globalization;

namespace Preheat.Benchmarks.Pull;

/// <summary>One pull.</summary>
/// <param name="Seconds">Wall time of ctr, until all is unpacked.</param>
/// <param name="CpuSeconds">Processor time of containerd and ctr.</param>
/// <param name="RegistryCpuSeconds">Processor time of the registry.</param>
internal sealed record PullRun(double Seconds, double CpuSeconds, double RegistryCpuSeconds);

/// <summary>An image of the model, and how its pulls went.</summary>
/// <param name="Bytes">Of all layers as they are sent.</param>
internal sealed record PulledImage(string Name, string Reference, long Bytes)
{
    public List<PullRun> Runs { get; } = [];

    public double Seconds => Median(run => run.Seconds);

    public double Median(Func<PullRun, double> value) => Runs.Select(value).Order().ElementAt(Runs.Count / 2);
}

/// <summary>All pulls.</summary>
/// <param name="Bytes">Of the model's files.</param>
/// <param name="Limit">Seconds of the machine's limit, a run each.</param>
/// <param name="LoadAverage">Of the last minute, at the end.</param>
internal sealed record PullResult(long Bytes, IReadOnlyList<double> Limit, IReadOnlyList<PulledImage> Images, string LoadAverage)
{
    /// <summary>Prints medians side by side.</summary>
    public void Print()
    {
        var limit = Limit.Order().ElementAt(Limit.Count / 2);
        var first = Images[0];
        Console.WriteLine($"ctr pull and unpack of {ByteSize.Format(Bytes)}, median of {Limit.Count}, load average {LoadAverage}");
        Console.WriteLine($"{"",-34}{"s",8}{"MB/s",8}{"of limit",10}{"CPU s",8}{"registry's",12}{"sent MB",10}{"even at",12}");
        foreach (var image in Images)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {image.Name,-32}{image.Seconds,8:0.0}{Bytes / image.Seconds / 1e6,8:N0}{limit / image.Seconds,10:0.00}{image.Median(run => run.CpuSeconds),8:0.0}{image.Median(run => run.RegistryCpuSeconds),12:0.0}{image.Bytes / 1e6,10:N0}{Even(first, image),12}").TrimEnd());
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {"limit: copy, SHA-256, fsync",-32}{limit,8:0.0}{Bytes / limit / 1e6,8:N0}{1,10:0.00}"));
        Console.WriteLine("even at: on a link this fast the first image takes as long as this one, its bytes added to the seconds here; on a faster one the first wins");
    }

    private static string Even(PulledImage first, PulledImage other) =>
        other.Bytes < first.Bytes && other.Seconds > first.Seconds
            ? string.Create(CultureInfo.InvariantCulture, $"{(first.Bytes - other.Bytes) / (other.Seconds - first.Seconds) / 1e6:N0} MB/s")
            : "";
}
