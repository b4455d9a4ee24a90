using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Pods;

namespace Preheat.LocalCloud.Kubernetes.Autoscaling;

/// <summary>
/// How busy the accelerators of each pod were: GKE's own metric <c>kubernetes.io/container/accelerator/duty_cycle</c>, sampled every 60 s, and
/// DCGM's utilisation where a PodMonitoring in <c>gmp-public</c> collects it from the exporter that each GPU node has.
/// </summary>
internal sealed class AcceleratorSampler(ObjectStore store, InfrastructureClock clock, PodNetwork network, MetricStore metrics) : PeriodicController(store, clock)
{
    public const string DutyCycle = "kubernetes.io|container|accelerator|duty_cycle";

    private const string ExporterMetric = "DCGM_FI_DEV_GPU_UTIL";
    private const string ExporterNamespace = "gmp-public";

    private static readonly JsonObject ExporterLabels = new()
    {
        ["app.kubernetes.io/name"] = "nvidia-dcgm-exporter",
        ["app.kubernetes.io/part-of"] = "google-cloud-managed-prometheus",
    };

    private static readonly TimeSpan SamplePeriod = TimeSpan.FromSeconds(60);

    /// <summary>Serving is real time: a shorter sample would show single iterations.</summary>
    private static readonly TimeSpan Floor = TimeSpan.FromSeconds(1);

    private readonly InfrastructureClock _clock = clock;
    private readonly ConcurrentDictionary<ObjectKey, (string Uid, TimeSpan Busy, long At)> _last = new();

    protected override IEnumerable<ObjectKey> Concerned(StoreChange change) =>
        change.Object.Key.Kind == ResourceKinds.Pod && (change.Type == ChangeType.Deleted || NeedsLook(change.Object)) ? [change.Object.Key] : [];

    protected override IEnumerable<ObjectKey> Present() => Store.List(ResourceKinds.Pod).Where(NeedsLook).Select(pod => pod.Key);

    protected override TimeSpan Interval(StoredObject item) => _clock.Scale(SamplePeriod) is var scaled && scaled > Floor ? scaled : Floor;

    protected override void Gone(ObjectKey key)
    {
        _last.TryRemove(key, out _);
        metrics.Forget($"accelerator/{key.Namespace}/{key.Name}/", new HashSet<string>());
    }

    protected override Task LookAsync(StoredObject item, CancellationToken stopping)
    {
        var prefix = $"accelerator/{item.Namespace}/{item.Name}/";
        if (network.AcceleratorBusy(item.Uid) is not { } busy)
        {
            _last.TryRemove(item.Key, out _);
            metrics.Forget(prefix, new HashSet<string>());
            return Task.CompletedTask;
        }

        var now = _clock.Time.GetTimestamp();
        if (_last.TryGetValue(item.Key, out var last) && last.Uid == item.Uid && _clock.Time.GetElapsedTime(last.At, now) is { Ticks: > 0 } elapsed)
        {
            var share = Math.Round(100 * Math.Clamp((busy.Time - last.Busy) / elapsed, 0, 1));
            metrics.Put(prefix, Series(item, busy.Container, share));
        }

        _last[item.Key] = (item.Uid, busy.Time, now);
        return Task.CompletedTask;
    }

    private static bool NeedsLook(StoredObject pod) => pod.NodeName().Length > 0 && PodNeeds.Of(pod.Json).Gpus > 0;

    private IEnumerable<MetricSeries> Series(StoredObject pod, string container, double share)
    {
        var now = _clock.Time.GetUtcNow();
        var node = Store.Get(new ObjectKey(ResourceKinds.Node, "", pod.NodeName()));
        for (var gpu = 0; gpu < PodNeeds.Of(pod.Json).Gpus; gpu++)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"GPU-{gpu}");
            yield return new MetricSeries(DutyCycle, pod.Namespace, pod.Name, new JsonObject
            {
                ["resource.labels.namespace_name"] = pod.Namespace,
                ["resource.labels.pod_name"] = pod.Name,
                ["resource.labels.container_name"] = container,
                ["resource.labels.cluster_name"] = "preheat-local",
                ["metric.labels.accelerator_id"] = id,
                ["metric.labels.make"] = "nvidia",
                ["metric.labels.model"] = node?.Json.Text("metadata", "labels", PodNeeds.AcceleratorLabel),
            }, share, now);
            foreach (var series in Exported(new Sample(ExporterMetric, "gauge", new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["gpu"] = gpu.ToString(CultureInfo.InvariantCulture),
                ["exported_container"] = container,
                ["exported_namespace"] = pod.Namespace,
                ["exported_pod"] = pod.Name,
            }, share), pod, now))
            {
                yield return series;
            }
        }
    }

    /// <summary>The exporter's sample as each PodMonitoring that selects it writes it down.</summary>
    private IEnumerable<MetricSeries> Exported(Sample sample, StoredObject pod, DateTimeOffset now)
    {
        foreach (var endpoint in Store.List(MetricScraper.PodMonitoring, ExporterNamespace)
            .Where(item => LabelSelector.FromObject(item.Json.Map("spec", "selector"))?.Matches(ExporterLabels) != false).SelectMany(item => item.Json.Objects("spec", "endpoints")))
        {
            if (Relabeling.Apply(endpoint.Objects("metricRelabeling"), sample) is { } kept)
            {
                var labels = new JsonObject { ["resource.labels.namespace"] = ExporterNamespace, ["resource.labels.cluster"] = "preheat-local" };
                foreach (var (name, value) in kept.Labels)
                {
                    labels[$"metric.labels.{name}"] = value;
                }

                yield return new MetricSeries($"prometheus.googleapis.com|{kept.Name}|{kept.Type}", pod.Namespace, pod.Name, labels, kept.Value, now);
            }
        }
    }
}
