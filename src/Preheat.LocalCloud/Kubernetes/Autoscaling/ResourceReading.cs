using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Metrics;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Autoscaling;

/// <summary>
/// What an autoscaler reads of <c>cpu</c> or <c>memory</c>, in thousandths
/// (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details).
/// </summary>
/// <param name="container">One container of each pod; empty for all of them.</param>
internal sealed class ResourceReading(ResourceMetrics usage, InfrastructureClock clock, string resource, string container)
{
    /// <summary>Default of <c>--horizontal-pod-autoscaler-cpu-initialization-period</c>.</summary>
    private static readonly TimeSpan CpuInitialization = TimeSpan.FromMinutes(5);

    /// <summary>Default of <c>--horizontal-pod-autoscaler-initial-readiness-delay</c>.</summary>
    private static readonly TimeSpan InitialReadiness = TimeSpan.FromSeconds(30);

    /// <summary>What each pod uses that has a sample.</summary>
    /// <exception cref="MetricException">A pod has no container of that name.</exception>
    public Dictionary<string, long> Values(IReadOnlyList<StoredObject> pods)
    {
        var values = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var pod in pods)
        {
            if (usage.Of(pod.Uid) is { } sample)
            {
                var measured = sample.Containers.Where(item => container.Length == 0 || item.Name == container).ToList();
                if (measured.Count == 0)
                {
                    throw new MetricException($"unable to get metrics for resource {resource}: container {container} not present in metrics for pod {pod.Namespace}/{pod.Name}");
                }

                values[pod.Name] = measured.Sum(item => resource == "cpu" ? item.MilliCpu : item.MemoryBytes * 1000);
            }
        }

        return values;
    }

    /// <summary>What each pod requests.</summary>
    /// <exception cref="MetricException">A container leaves it open.</exception>
    public Dictionary<string, long> Requests(IReadOnlyList<StoredObject> pods) => pods.ToDictionary(pod => pod.Name, pod =>
        pod.Json.Objects("spec", "containers").Where(item => container.Length == 0 || item.Text("name") == container).Sum(item => item.At("resources", "requests", resource) is { } request
            ? (long)Math.Ceiling(Quantity.ValueOf(request) * 1000)
            : throw new MetricException($"missing request for {resource} in container {item.Text("name")} of Pod {pod.Name}")), StringComparer.Ordinal);

    /// <summary>A pod that still starts uses more processors than it will: its sample does not count.</summary>
    public bool IsUnready(StoredObject pod)
    {
        if (resource != "cpu")
        {
            return false;
        }

        if (pod.Json.Condition("Ready") is not { } ready || !KubeJson.TryTime(pod.Json.Text("status", "startTime"), out var started) || !KubeJson.TryTime(ready.Text("lastTransitionTime"), out var changed))
        {
            return true;
        }

        var isFalse = ready.Text("status") == "False";
        if (clock.Time.GetUtcNow() < started + clock.Scale(CpuInitialization))
        {
            return isFalse || usage.Of(pod.Uid) is not { } sample || sample.Time < (pod.Pod.ReadySince ?? changed) + sample.Window;
        }

        return isFalse && changed < started + clock.Scale(InitialReadiness);
    }
}
