namespace Preheat.Load;

/// <summary>A measured quantity over requests (or chunks): nanoseconds. Percentiles are exact, by nearest rank: the smallest value that at least p % do not exceed.</summary>
public sealed record Distribution
{
    public required long Count { get; init; }

    public required long Min { get; init; }

    public required long Mean { get; init; }

    public required long P50 { get; init; }

    public required long P90 { get; init; }

    public required long P95 { get; init; }

    public required long P99 { get; init; }

    public required long Max { get; init; }

    /// <summary>The distribution of some values; null when there are none.</summary>
    public static Distribution? Of(IEnumerable<long> values) => OfSorted(Sort(values));

    /// <summary>The value of <c>min</c>, <c>mean</c>, <c>p50</c>, <c>p90</c>, <c>p95</c>, <c>p99</c> or <c>max</c>.</summary>
    public long Get(string statistic) => statistic switch
    {
        "min" => Min,
        "mean" => Mean,
        "p50" => P50,
        "p90" => P90,
        "p95" => P95,
        "p99" => P99,
        "max" => Max,
        _ => throw new ArgumentOutOfRangeException(nameof(statistic), statistic, "not a statistic"),
    };

    internal static long[] Sort(IEnumerable<long> values)
    {
        var sorted = values.ToArray();
        Array.Sort(sorted);
        return sorted;
    }

    internal static Distribution? OfSorted(ReadOnlySpan<long> sorted)
    {
        if (sorted.IsEmpty)
            return null;
        return new Distribution
        {
            Count = sorted.Length,
            Min = sorted[0],
            Mean = (long)(Sum(sorted) / sorted.Length),
            P50 = Rank(sorted, 50),
            P90 = Rank(sorted, 90),
            P95 = Rank(sorted, 95),
            P99 = Rank(sorted, 99),
            Max = sorted[^1],
        };
    }

    internal static Int128 Sum(ReadOnlySpan<long> values)
    {
        Int128 sum = 0;
        foreach (var value in values)
            sum += value;
        return sum;
    }

    /// <summary>Nearest rank: value number ⌈p/100 · n⌉, counted from one.</summary>
    internal static long Rank(ReadOnlySpan<long> sorted, double percent) =>
        sorted[Math.Clamp((int)Math.Ceiling(percent / 100 * sorted.Length - 1e-9) - 1, 0, sorted.Length - 1)];
}
