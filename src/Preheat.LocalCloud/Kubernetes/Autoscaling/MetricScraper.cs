using System.Globalization;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Autoscaling;

/// <summary>
/// Scrapes the pods that a PodMonitoring selects, as Google's managed collection does: without one a metric is unknown. The interval is
/// infrastructure time with a floor.
/// </summary>
internal sealed class MetricScraper(ObjectStore store, InfrastructureClock clock, MetricPages pages, MetricStore metrics) : PeriodicController(store, clock)
{
    /// <summary>A kind is its group and plural; the definition is one that the cluster installs.</summary>
    public static readonly ResourceKind PodMonitoring = new("monitoring.googleapis.com", "v1", "PodMonitoring", "podmonitorings");

    /// <summary>Often enough for an autoscaler on a scaled clock.</summary>
    private static readonly TimeSpan Floor = TimeSpan.FromMilliseconds(200);

    /// <summary>Often enough where no autoscaler waits for the values.</summary>
    private static readonly TimeSpan IdleFloor = TimeSpan.FromSeconds(1);

    private readonly InfrastructureClock _clock = clock;

    protected override IEnumerable<ObjectKey> Concerned(StoreChange change) => change.Object.Key.Kind == PodMonitoring ? [change.Object.Key] : [];

    protected override IEnumerable<ObjectKey> Present() => Store.List(PodMonitoring).Select(item => item.Key);

    protected override TimeSpan Interval(StoredObject item)
    {
        var asked = item.Json.Objects("spec", "endpoints").Select(endpoint => Duration(endpoint.Text("interval"))).DefaultIfEmpty(TimeSpan.FromMinutes(1)).Min();
        var floor = Store.List(ResourceKinds.HorizontalPodAutoscaler, item.Namespace).Count > 0 ? Floor : IdleFloor;
        return _clock.Scale(asked) is var scaled && scaled > floor ? scaled : floor;
    }

    protected override void Gone(ObjectKey key) => metrics.Forget(Prefix(key), new HashSet<string>());

    protected override async Task LookAsync(StoredObject item, CancellationToken stopping)
    {
        var labels = item.Json.Map("spec", "selector");
        var selector = labels is { Count: > 0 } ? LabelSelector.FromObject(labels)! : LabelSelector.Everything;
        var sources = new HashSet<string>(StringComparer.Ordinal);
        var scrapes = new List<Task>();
        foreach (var pod in Store.List(ResourceKinds.Pod, item.Namespace).Where(pod => selector.Matches(pod)))
        {
            var at = 0;
            foreach (var endpoint in item.Json.Objects("spec", "endpoints"))
            {
                var source = $"{Prefix(item.Key)}{pod.Uid}/{at++}";
                sources.Add(source);
                scrapes.Add(ScrapeAsync(source, pod, endpoint, stopping));
            }
        }

        metrics.Forget(Prefix(item.Key), sources);
        await Task.WhenAll(scrapes);
    }

    private static string Prefix(ObjectKey key) => $"scrape/{key.Namespace}/{key.Name}/";

    private async Task ScrapeAsync(string source, StoredObject pod, JsonObject endpoint, CancellationToken stopping)
    {
        var port = endpoint.Number("port") ?? pod.Json.Objects("spec", "containers").SelectMany(container => container.Objects("ports"))
            .FirstOrDefault(item => item.Text("name") == endpoint.Text("port")).Number("containerPort");
        if (port is null || await pages.ReadAsync(pod, (int)port, endpoint.Text("path"), stopping) is not { } samples)
        {
            return;
        }

        var rules = endpoint.Objects("metricRelabeling").ToList();
        var now = _clock.Time.GetUtcNow();
        metrics.Put(source, samples.Where(sample => sample.Type is "gauge" or "unknown").Select(sample => Relabeling.Apply(rules, sample)).OfType<Sample>().Select(sample => Series(sample, pod, (int)port, now)));
    }

    /// <summary>Labels of the monitored resource <c>prometheus_target</c>; labels of the pod's own that collide are kept as <c>exported_…</c>.</summary>
    private static MetricSeries Series(Sample sample, StoredObject pod, int port, DateTimeOffset now)
    {
        var labels = new JsonObject
        {
            ["resource.labels.namespace"] = pod.Namespace,
            ["resource.labels.cluster"] = "preheat-local",
            ["resource.labels.instance"] = string.Create(CultureInfo.InvariantCulture, $"{pod.Name}:{port}"),
            ["metric.labels.pod"] = pod.Name,
        };
        foreach (var (name, value) in sample.Labels)
        {
            labels[labels.ContainsKey($"metric.labels.{name}") ? $"metric.labels.exported_{name}" : $"metric.labels.{name}"] = value;
        }

        return new MetricSeries($"prometheus.googleapis.com|{sample.Name}|{sample.Type}", pod.Namespace, pod.Name, labels, sample.Value, now);
    }

    /// <summary>A duration of Prometheus in one unit (<c>15s</c>, <c>1m</c>, <c>500ms</c>); a minute when it is none.</summary>
    private static TimeSpan Duration(string? text)
    {
        var digits = (text ?? "").TrimEnd([.. "hms"]);
        return double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number > 0
            ? text![digits.Length..] switch
            {
                "ms" => TimeSpan.FromMilliseconds(number),
                "s" => TimeSpan.FromSeconds(number),
                "h" => TimeSpan.FromHours(number),
                _ => TimeSpan.FromMinutes(number),
            }
            : TimeSpan.FromMinutes(1);
    }
}
