using System.Globalization;
using Preheat.Runs;

namespace Preheat;

/// <summary>Says how far a transfer is, in one line. Decimal units, as networks are measured.</summary>
public static class TransferText
{
    /// <summary><c>BakeImage: 3 of 5 layers, 1.2 of 4.3 GB, 310 MB/s, 10 s left</c>.</summary>
    public static string Of(TransferProgress progress) =>
        $"{progress.Subject}: {progress.PartsDone} of {progress.Parts} layers, {Amount(progress.Done, progress.Total)}{Pace(progress.BytesPerSecond, progress.PartsDone < progress.Parts ? progress.SecondsLeft : null)}";

    /// <summary><c>model-00001-of-00004.safetensors: 0.5 of 1.1 GB, 310 MB/s, 2 s left</c>; without total <c>12 MB</c>.</summary>
    /// <param name="bytesPerSecond">0 for unknown.</param>
    public static string Of(ByteProgress progress, double bytesPerSecond) => progress.Total is { } total and > 0
        ? $"{progress.Subject}: {(progress.Done < total ? Amount(progress.Done, total) : Bytes(total))}{Pace(bytesPerSecond, bytesPerSecond > 0 && progress.Done < total ? (total - progress.Done) / bytesPerSecond : null)}"
        : $"{progress.Subject}: {Bytes(progress.Done)}{Pace(bytesPerSecond, null)}";

    private static string Pace(double bytesPerSecond, double? secondsLeft) =>
        (bytesPerSecond > 0 ? $", {Bytes(bytesPerSecond)}/s" : "") + (secondsLeft is { } left and < 1e7 ? $", {Spans.Text(TimeSpan.FromSeconds(Math.Ceiling(left)))} left" : "");

    private static string Amount(long done, long total)
    {
        var (unit, size) = Unit(total);
        return $"{Number(done / size)} of {Number(total / size)} {unit}";
    }

    private static string Bytes(double bytes)
    {
        var (unit, size) = Unit(bytes);
        return $"{Number(bytes / size)} {unit}";
    }

    private static (string Unit, double Size) Unit(double bytes) => bytes switch
    {
        >= 1e12 => ("TB", 1e12),
        >= 1e9 => ("GB", 1e9),
        >= 1e6 => ("MB", 1e6),
        _ => ("kB", 1e3),
    };

    /// <summary>One decimal below 100: enough to see it move.</summary>
    private static string Number(double value) => value.ToString(value < 100 ? "0.0" : "0", CultureInfo.InvariantCulture);
}
