using System.Text.Json.Nodes;

namespace Preheat.LocalCloud.Kubernetes.Autoscaling;

/// <summary>The newest value of one time series, as Cloud Monitoring would hold it.</summary>
/// <param name="Name">In the form of a metric of an autoscaler: <c>prometheus.googleapis.com|NAME|gauge</c>.</param>
/// <param name="Namespace">Namespace of the pod that it is about.</param>
/// <param name="Labels">By the names that selectors use: <c>metric.labels.…</c> and <c>resource.labels.…</c>.</param>
internal sealed record MetricSeries(string Name, string Namespace, string Pod, JsonObject Labels, double Value, DateTimeOffset Time);
