using System.Globalization;

namespace Preheat.Serving;

/// <summary>What replicas can be scaled on, and how the metric is called behind the stackdriver adapter (cloud.google.com, "Autoscale large language model inference workloads with GPUs").</summary>
/// <param name="Name">The word of <c>--autoscale-on</c>.</param>
/// <param name="Metric">Name of the metric behind the adapter: <c>prometheus.googleapis.com|NAME|gauge</c>.</param>
/// <param name="Component">Folder of <c>manifests/components</c> that puts it into the autoscaler.</param>
/// <param name="Server">The only server that has the metric; null for one of the GPU.</param>
/// <param name="DefaultTarget">Target for each replica when none is given.</param>
/// <param name="IsPercentage">The target is given in per cent.</param>
public sealed record AutoscaleMetric(string Name, string Metric, string Component, string? Server, int DefaultTarget, bool IsPercentage = false)
{
    /// <summary>The word for no autoscaling.</summary>
    public const string None = "none";

    public static IReadOnlyList<AutoscaleMetric> All { get; } =
    [
        new(None, "", "", null, 1),
        new("running", "prometheus.googleapis.com|vllm:num_requests_running|gauge", "autoscaling-server", "vllm", 10),
        new("waiting", "prometheus.googleapis.com|vllm:num_requests_waiting|gauge", "autoscaling-server", "vllm", 5),
        new("kv-cache", "prometheus.googleapis.com|vllm:kv_cache_usage_perc|gauge", "autoscaling-server", "vllm", 80, IsPercentage: true),
        new("tgi-queue", "prometheus.googleapis.com|tgi_queue_size|gauge", "autoscaling-server", "tgi", 5),
        new("tgi-batch", "prometheus.googleapis.com|tgi_batch_current_size|gauge", "autoscaling-server", "tgi", 10),
        new("duty-cycle", "kubernetes.io|container|accelerator|duty_cycle", "autoscaling-duty-cycle", null, 80, IsPercentage: true),
        new("dcgm", "prometheus.googleapis.com|dcgm_fi_dev_gpu_util|unknown", "autoscaling-dcgm", null, 80, IsPercentage: true),
    ];

    /// <exception cref="InvalidOperationException">There is no metric of this name.</exception>
    public static AutoscaleMetric Find(string name) => All.First(metric => metric.Name == name);

    /// <summary>A target as a Kubernetes quantity. The KV cache's use is a fraction: 80 per cent are <c>800m</c>.</summary>
    public string Quantity(int target) => Name == "kv-cache" ? $"{target * 10}m" : $"{target}";

    /// <summary>A target as the number that the metric is compared with: 80 per cent of the KV cache are <c>0.8</c>.</summary>
    public string Threshold(int target) => (Name == "kv-cache" ? target / 100m : target).ToString(CultureInfo.InvariantCulture);

    /// <summary>Name of the gauge that the server shows Prometheus, such as <c>vllm:num_requests_running</c>; null for a metric of the GPU.</summary>
    public string? Gauge => Server is null ? null : Metric.Split('|')[1];
}
