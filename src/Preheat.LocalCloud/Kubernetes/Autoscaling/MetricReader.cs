using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Autoscaling;

/// <summary>Values as the metrics adapter for Cloud Monitoring serves them: for an autoscaler here, and over HTTP.</summary>
internal sealed class MetricReader(MetricStore metrics, ObjectStore store)
{
    /// <summary>Value of a metric for each pod that has one; several series of one pod are added up.</summary>
    /// <param name="selector">Of the metric's own labels; null for all.</param>
    public Dictionary<string, (double Value, DateTimeOffset Time)> OfPods(string ns, string metric, LabelSelector? selector)
    {
        return metrics.Read(metric, ns).Where(series => selector?.Matches(series.Labels) != false && store.Get(new ObjectKey(ResourceKinds.Pod, ns, series.Pod)) is not null)
            .GroupBy(series => series.Pod, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => (group.Sum(series => series.Value), group.Max(series => series.Time)), StringComparer.Ordinal);
    }

    /// <summary>Every series of a metric: of the whole project, whatever the namespace, as Cloud Monitoring has no other bounds.</summary>
    public List<MetricSeries> External(string metric, LabelSelector? selector) =>
        [.. metrics.Read(metric, ns: null).Where(series => selector?.Matches(series.Labels) != false).OrderBy(series => series.Namespace, StringComparer.Ordinal).ThenBy(series => series.Pod, StringComparer.Ordinal)];

    public IEnumerable<string> Names() => metrics.Names();
}
