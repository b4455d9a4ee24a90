using System.Collections.Concurrent;

namespace Preheat.LocalCloud.Kubernetes.Metrics;

/// <summary>What a container used: processors in thousandths over a window, and memory at its end.</summary>
internal sealed record ContainerSample(string Name, long MilliCpu, long MemoryBytes);

/// <summary>One sample of a pod.</summary>
/// <param name="Window">Over which the processors were measured.</param>
internal sealed record PodSample(string Namespace, string Name, string Node, DateTimeOffset Time, TimeSpan Window, IReadOnlyList<ContainerSample> Containers)
{
    public long MilliCpu => Containers.Sum(container => container.MilliCpu);

    public long MemoryBytes => Containers.Sum(container => container.MemoryBytes);
}

/// <summary>The last sample of each pod, as a metrics server holds it.</summary>
internal sealed class ResourceMetrics
{
    private readonly ConcurrentDictionary<string, PodSample> _pods = new(StringComparer.Ordinal);

    public IReadOnlyList<PodSample> All => [.. _pods.Values.OrderBy(sample => sample.Namespace, StringComparer.Ordinal).ThenBy(sample => sample.Name, StringComparer.Ordinal)];

    public PodSample? Of(string podUid) => _pods.GetValueOrDefault(podUid);

    public void Put(string podUid, PodSample sample) => _pods[podUid] = sample;

    public void Forget(string podUid) => _pods.TryRemove(podUid, out _);
}
