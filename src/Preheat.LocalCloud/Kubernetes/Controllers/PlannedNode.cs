using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>How far a node is that was asked for.</summary>
internal enum Provision
{
    Asked,

    /// <summary>It is there; pods that do not fit beside others that were quicker need another one.</summary>
    Ready,

    /// <summary>There is no machine for it; its pods wait a while.</summary>
    Failed,

    /// <summary>Its pods have waited long enough to ask for another.</summary>
    GivenUp,
}

/// <summary>A node on its way, and the pods that wait for it.</summary>
internal sealed class PlannedNode(string name, Machine machine, IReadOnlyDictionary<string, string> labels)
{
    private readonly Lock _lock = new();
    private readonly NodeRoom _room = new(labels, [.. NodeTaints.Of(machine.Gpus, labels).OfType<JsonObject>()], machine.Gpus, machine.Cpu, machine.MemoryGiB);
    private readonly Dictionary<ObjectKey, PodNeeds> _pods = [];
    private readonly NodeUse _use = new();
    private volatile Provision _state;

    public string Name { get; } = name;

    public Machine Machine { get; } = machine;

    public IReadOnlyDictionary<string, string> Labels { get; } = labels;

    public bool IsSpot { get; init; }

    /// <summary>ComputeClass that it is made for; null for none.</summary>
    public string? Class { get; init; }

    public Provision State
    {
        get => _state;
        set => _state = value;
    }

    public List<ObjectKey> Pods
    {
        get
        {
            lock (_lock)
            {
                return [.. _pods.Keys];
            }
        }
    }

    public bool IsEmpty => Pods.Count == 0;

    public bool Holds(ObjectKey pod)
    {
        lock (_lock)
        {
            return _pods.ContainsKey(pod);
        }
    }

    public Misfit? Refuses(PodNeeds needs)
    {
        lock (_lock)
        {
            return _room.Refuses(needs, _use);
        }
    }

    /// <summary>True for the same machine on the same terms.</summary>
    public bool IsLike(PlannedNode other) => (Machine, IsSpot, Class) == (other.Machine, other.IsSpot, other.Class);

    public void Join(ObjectKey pod, PodNeeds needs)
    {
        lock (_lock)
        {
            _pods.Add(pod, needs);
            _use.Add(needs);
        }
    }

    public void Leave(ObjectKey pod)
    {
        lock (_lock)
        {
            if (_pods.Remove(pod, out var needs))
            {
                _use.Add(needs, times: -1);
            }
        }
    }
}
