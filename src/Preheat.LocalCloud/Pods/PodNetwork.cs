using System.Collections.Concurrent;

namespace Preheat.LocalCloud.Pods;

/// <summary>Which containers run now: where their ports are on this machine, and their logs. Pods are named by uid.</summary>
internal sealed class PodNetwork
{
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, IRunningContainer>> _running = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, (ContainerLog Now, ContainerLog? Before)>> _logs = new(StringComparer.Ordinal);

    public void Add(string pod, string container, IRunningContainer running) =>
        _running.GetOrAdd(pod, _ => new(StringComparer.Ordinal))[container] = running;

    public void Remove(string pod, string container)
    {
        if (_running.TryGetValue(pod, out var containers))
        {
            containers.TryRemove(container, out _);
        }
    }

    /// <summary>A new run begins; its predecessor's log becomes the previous one.</summary>
    public void Begin(string pod, string container, ContainerLog log) =>
        _logs.GetOrAdd(pod, _ => new(StringComparer.Ordinal)).AddOrUpdate(container, _ => (log, null), (_, old) => (log, old.Now));

    public void Forget(string pod)
    {
        _running.TryRemove(pod, out _);
        _logs.TryRemove(pod, out _);
    }

    /// <summary>Null while no container of the pod listens on the port.</summary>
    public Uri? Address(string pod, int port)
    {
        if (_running.TryGetValue(pod, out var containers))
        {
            foreach (var container in containers.Values)
            {
                if (container.Address(port) is { } address)
                {
                    return address;
                }
            }
        }

        return null;
    }

    /// <summary>The pod's container that uses accelerators, and how long they have worked; null when none does.</summary>
    public (string Container, TimeSpan Time)? AcceleratorBusy(string pod)
    {
        foreach (var (name, running) in _running.GetValueOrDefault(pod) ?? [])
        {
            if (running.AcceleratorBusy is { } busy)
            {
                return (name, busy);
            }
        }

        return null;
    }

    /// <summary>What each running container of a pod has used, where that is known.</summary>
    public IEnumerable<(string Container, ContainerUsage Usage)> Usage(string pod)
    {
        foreach (var (name, running) in _running.GetValueOrDefault(pod) ?? [])
        {
            if (running.Usage is { } usage)
            {
                yield return (name, usage);
            }
        }
    }

    /// <summary>Null when the container has not run (yet, or a second time).</summary>
    public ContainerLog? Log(string pod, string container, bool previous) =>
        _logs.TryGetValue(pod, out var logs) && logs.TryGetValue(container, out var log) ? previous ? log.Before : log.Now : null;
}
