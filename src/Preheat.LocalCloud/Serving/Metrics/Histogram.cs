namespace Preheat.LocalCloud.Serving.Metrics;

/// <summary>A Prometheus histogram without labels of its own. Thread-safe.</summary>
internal sealed class Histogram(IReadOnlyList<double> bounds)
{
    private readonly long[] counts = new long[bounds.Count + 1];
    private readonly Lock gate = new();
    private double sum;

    public IReadOnlyList<double> Bounds => bounds;

    public void Observe(double value)
    {
        var bucket = 0;
        while (bucket < bounds.Count && value > bounds[bucket])
        {
            bucket++;
        }

        lock (gate)
        {
            counts[bucket]++;
            sum += value;
        }
    }

    /// <summary>Cumulative counts, one for each bound and one for <c>+Inf</c>, and the sum of all values.</summary>
    public (long[] Cumulative, double Sum) Read()
    {
        lock (gate)
        {
            var cumulative = new long[counts.Length];
            var total = 0L;
            for (var i = 0; i < counts.Length; i++)
            {
                cumulative[i] = total += counts[i];
            }

            return (cumulative, sum);
        }
    }
}
