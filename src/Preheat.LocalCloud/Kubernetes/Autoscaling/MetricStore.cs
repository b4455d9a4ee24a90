using System.Collections.Concurrent;
using Preheat.LocalCloud.Clocks;

namespace Preheat.LocalCloud.Kubernetes.Autoscaling;

/// <summary>The newest values of all series, by whom they came from. A value that nobody renews is forgotten after a while.</summary>
internal sealed class MetricStore(InfrastructureClock clock)
{
    /// <summary>How far the adapter looks back for a point.</summary>
    private static readonly TimeSpan LookBack = TimeSpan.FromMinutes(5);

    /// <summary>Points come at least this often in real time, also when the clock is scaled.</summary>
    private static readonly TimeSpan LeastLookBack = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, MetricSeries[]> _bySource = new(StringComparer.Ordinal);

    /// <summary>Replaces the series of one source.</summary>
    public void Put(string source, IEnumerable<MetricSeries> series) => _bySource[source] = [.. series];

    /// <summary>Forgets the sources that begin with a prefix, but for those to keep.</summary>
    public void Forget(string prefix, IReadOnlySet<string> kept)
    {
        foreach (var source in _bySource.Keys.Where(source => source.StartsWith(prefix, StringComparison.Ordinal) && !kept.Contains(source)))
        {
            _bySource.TryRemove(source, out _);
        }
    }

    /// <summary>Series of a metric; <paramref name="ns"/> null means all namespaces.</summary>
    public List<MetricSeries> Read(string name, string? ns)
    {
        var oldest = clock.Time.GetUtcNow() - (clock.Scale(LookBack) is var scaled && scaled > LeastLookBack ? scaled : LeastLookBack);
        return [.. _bySource.Values.SelectMany(series => series).Where(item => item.Name == name && (ns is null || item.Namespace == ns) && item.Time >= oldest)];
    }

    /// <summary>Names of all metrics that have a value, in order.</summary>
    public IEnumerable<string> Names() => _bySource.Values.SelectMany(series => series).Select(item => item.Name).Distinct().Order(StringComparer.Ordinal);
}
