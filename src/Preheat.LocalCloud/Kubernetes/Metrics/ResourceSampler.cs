using System.Collections.Concurrent;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Autoscaling;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Pods;

namespace Preheat.LocalCloud.Kubernetes.Metrics;

/// <summary>
/// Reads what the containers of each node use, every 15 s of infrastructure time, as the metrics server asks each kubelet
/// (https://github.com/kubernetes-sigs/metrics-server, <c>--metric-resolution</c>).
/// </summary>
internal sealed class ResourceSampler(ObjectStore store, InfrastructureClock clock, PodNetwork network, ResourceMetrics metrics) : PeriodicController(store, clock)
{
    private static readonly TimeSpan Resolution = TimeSpan.FromSeconds(15);

    /// <summary>Serving is real time: a shorter window would show single requests.</summary>
    private static readonly TimeSpan Floor = TimeSpan.FromSeconds(1);

    private readonly InfrastructureClock _clock = clock;
    private readonly ConcurrentDictionary<(string Uid, string Container), (TimeSpan Cpu, long At)> _last = new();

    protected override IEnumerable<ObjectKey> Concerned(StoreChange change)
    {
        if (change is { Type: ChangeType.Deleted, Object.Key.Kind.Kind: "Pod" })
        {
            metrics.Forget(change.Object.Uid);
        }

        return change.Object.Key.Kind == ResourceKinds.Node && change.Type != ChangeType.Modified ? [change.Object.Key] : [];
    }

    protected override IEnumerable<ObjectKey> Present() => Store.List(ResourceKinds.Node).Select(node => node.Key);

    protected override TimeSpan Interval(StoredObject item) => _clock.Scale(Resolution) is var scaled && scaled > Floor ? scaled : Floor;

    protected override void Gone(ObjectKey key)
    {
        // Its pods went before it.
    }

    protected override Task LookAsync(StoredObject item, CancellationToken stopping)
    {
        foreach (var pod in Store.List(ResourceKinds.Pod).Where(pod => pod.NodeName() == item.Name))
        {
            Sample(pod);
        }

        return Task.CompletedTask;
    }

    private void Sample(StoredObject pod)
    {
        var (containers, window, now) = (new List<ContainerSample>(), TimeSpan.Zero, _clock.Time.GetTimestamp());
        var running = network.Usage(pod.Uid).ToList();
        foreach (var (name, usage) in running)
        {
            // A first look, or one at a container that began anew, has nothing to compare with.
            if (_last.TryGetValue((pod.Uid, name), out var last) && usage.CpuTime >= last.Cpu && _clock.Time.GetElapsedTime(last.At, now) is { Ticks: > 0 } elapsed)
            {
                containers.Add(new ContainerSample(name, (long)Math.Ceiling((usage.CpuTime - last.Cpu) / elapsed * 1000), usage.MemoryBytes));
                window = elapsed;
            }

            _last[(pod.Uid, name)] = (usage.CpuTime, now);
        }

        if (running.Count == 0 || !pod.IsActive())
        {
            metrics.Forget(pod.Uid);
            foreach (var container in pod.Json.Objects("spec", "containers"))
            {
                _last.TryRemove((pod.Uid, container.Text("name") ?? ""), out _);
            }
        }
        else if (containers.Count == running.Count)
        {
            metrics.Put(pod.Uid, new PodSample(pod.Namespace, pod.Name, pod.NodeName(), _clock.Time.GetUtcNow(), window, containers));
        }
    }
}
