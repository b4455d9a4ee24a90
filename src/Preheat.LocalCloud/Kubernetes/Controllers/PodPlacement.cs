using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>What pods take of a node, present or planned, added up.</summary>
internal sealed class NodeUse
{
    public static readonly NodeUse None = new();

    public int Pods { get; private set; }

    public int Gpus { get; private set; }

    public decimal Cpu { get; private set; }

    public decimal MemoryGiB { get; private set; }

    public void Add(PodNeeds needs, int times = 1)
    {
        Pods += times;
        Gpus += needs.Gpus * times;
        Cpu += needs.Cpu * times;
        MemoryGiB += needs.MemoryGiB * times;
    }
}

/// <summary>
/// Which pods wait for a node, and what the others take of theirs: kept from the store's changes, as the scheduler's cache is
/// (https://github.com/kubernetes/kubernetes/blob/master/pkg/scheduler/backend/cache/interface.go), so that placing a pod does not read all pods.
/// </summary>
internal sealed class PodPlacement
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectKey, (string Node, PodNeeds Needs)> _placed = [];
    private readonly Dictionary<string, NodeUse> _use = new(StringComparer.Ordinal);
    private readonly HashSet<ObjectKey> _waiting = [];

    /// <summary>To be made before anything writes to the store: it hears every change from then on.</summary>
    public PodPlacement(ObjectStore store)
    {
        store.Follow(ResourceKinds.Pod, "", out var present, out _, change =>
        {
            if (change.Object.Key.Kind == ResourceKinds.Pod)
            {
                Hear(change.Object, change.Type == ChangeType.Deleted);
            }
        });
        foreach (var pod in present)
        {
            Hear(pod, gone: false);
        }
    }

    /// <summary>Active pods without a node.</summary>
    public List<ObjectKey> Waiting
    {
        get
        {
            lock (_lock)
            {
                return [.. _waiting];
            }
        }
    }

    /// <summary>Only the scheduler places pods, so that what it reads here stays true until it does.</summary>
    public NodeUse On(string node)
    {
        lock (_lock)
        {
            return _use.GetValueOrDefault(node) ?? NodeUse.None;
        }
    }

    private void Hear(StoredObject pod, bool gone)
    {
        lock (_lock)
        {
            var node = gone || pod.IsEnded() ? "" : pod.NodeName();
            if (_placed.TryGetValue(pod.Key, out var placed) && placed.Node != node)
            {
                _placed.Remove(pod.Key);
                _use[placed.Node].Add(placed.Needs, times: -1);
                if (_use[placed.Node].Pods == 0)
                {
                    _use.Remove(placed.Node);
                }
            }

            if (node.Length > 0 && placed.Node != node)
            {
                var needs = PodNeeds.Of(pod.Json);
                _placed[pod.Key] = (node, needs);
                (_use.TryGetValue(node, out var use) ? use : _use[node] = new NodeUse()).Add(needs);
            }

            if (!gone && node.Length == 0 && pod.IsActive())
            {
                _waiting.Add(pod.Key);
            }
            else
            {
                _waiting.Remove(pod.Key);
            }
        }
    }
}
