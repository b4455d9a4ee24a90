using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Autoscaling;

/// <summary>
/// Reads the gauges that an AutoscalingMetric names from its pods, as GKE's own autoscaler does without an adapter. An autoscaler knows them as
/// <c>autoscaling.gke.io|OBJECT|GAUGE</c> (docs.cloud.google.com, "Expose custom metrics for autoscaling").
/// </summary>
internal sealed class NativeMetricReader(ObjectStore store, InfrastructureClock clock, MetricPages pages, MetricStore metrics) : PeriodicController(store, clock)
{
    public static readonly ResourceKind AutoscalingMetric = new("autoscaling.gke.io", "v1beta1", "AutoscalingMetric", "autoscalingmetrics");

    /// <summary>The autoscaler looks every 15 seconds; so do its values come.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Floor = TimeSpan.FromMilliseconds(200);

    protected override IEnumerable<ObjectKey> Concerned(StoreChange change) => change.Object.Key.Kind == AutoscalingMetric ? [change.Object.Key] : [];

    protected override IEnumerable<ObjectKey> Present() => Store.List(AutoscalingMetric).Select(item => item.Key);

    protected override TimeSpan Interval(StoredObject item) => Clock.Scale(Period) is var scaled && scaled > Floor ? scaled : Floor;

    protected override void Gone(ObjectKey key) => metrics.Forget(Prefix(key), new HashSet<string>());

    protected override async Task LookAsync(StoredObject item, CancellationToken stopping)
    {
        var sources = new HashSet<string>(StringComparer.Ordinal);
        var reads = new List<Task>();
        foreach (var group in item.Json.Objects("spec", "metrics").Select(metric => metric.Map("pod")).OfType<JsonObject>())
        {
            var selector = group.Map("selector") is { Count: > 0 } labels ? LabelSelector.FromObject(labels)! : LabelSelector.Everything;
            foreach (var pod in Store.List(ResourceKinds.Pod, item.Namespace).Where(pod => selector.Matches(pod.Json.Map("metadata", "labels"))))
            {
                foreach (var container in group.Objects("containers"))
                {
                    var source = $"{Prefix(item.Key)}{pod.Uid}/{sources.Count}";
                    sources.Add(source);
                    reads.Add(ReadAsync(source, item, pod, container, stopping));
                }
            }
        }

        metrics.Forget(Prefix(item.Key), sources);
        await Task.WhenAll(reads);
    }

    private async Task ReadAsync(string source, StoredObject item, StoredObject pod, JsonObject container, CancellationToken stopping)
    {
        var port = container.Int(0, "endpoint", "port");
        if (await pages.ReadAsync(pod, port, container.Text("endpoint", "path"), stopping) is not { } samples)
        {
            return;
        }

        var now = Clock.Time.GetUtcNow();
        var series = new List<MetricSeries>();
        foreach (var gauge in container.Objects("metrics").Select(metric => metric.Map("gauge")).OfType<JsonObject>())
        {
            var wanted = gauge.Text("prometheusMetricName") ?? gauge.Text("name");
            series.AddRange(samples.Where(sample => sample.Type == "gauge" && sample.Name == wanted)
                .Select(sample => new MetricSeries($"autoscaling.gke.io|{item.Name}|{gauge.Text("name")}", pod.Namespace, pod.Name, [], sample.Value, now)));
        }

        metrics.Put(source, series);
    }

    private static string Prefix(ObjectKey key) => $"native/{key.Namespace}/{key.Name}/";
}
