using System.Collections.Concurrent;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Pods;

/// <summary>The agent of all nodes: starts what is assigned, stops what is deleted.</summary>
internal sealed class Kubelet(NodeServices node) : Controller(node.Store, node.Clock), IAsyncDisposable
{
    private readonly ConcurrentDictionary<ObjectKey, PodWorker> _workers = new();
    private int _addresses;

    protected override IEnumerable<ObjectKey> Concerned(StoreChange change) => change.Object.Key.Kind == ResourceKinds.Pod ? [change.Object.Key] : [];

    protected override IEnumerable<ObjectKey> Present() => Store.List(ResourceKinds.Pod).Select(pod => pod.Key);

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken stopping)
    {
        var pod = Store.Get(key);
        if (_workers.TryGetValue(key, out var worker) && worker.Uid != pod?.Uid)
        {
            // Removed at once, perhaps replaced by another of its name.
            _workers.TryRemove(key, out _);
            _ = EndAsync(worker, key, TimeSpan.Zero, remove: false);
            worker = null;
        }

        if (pod is null || pod.NodeName().Length == 0)
        {
            return Task.CompletedTask;
        }

        if (pod.Deleting)
        {
            if (worker is null)
            {
                Store.Remove(key, pod.Uid);
            }
            else if (_workers.TryGetValue(key, out _))
            {
                _ = EndAsync(worker, key, TimeSpan.FromSeconds(pod.Json.Int(30, "metadata", "deletionGracePeriodSeconds")), remove: true);
            }
        }
        else if (worker is null && !pod.IsEnded())
        {
            var number = Interlocked.Increment(ref _addresses);
            _workers[key] = worker = new PodWorker(node, pod, $"10.4.{number / 250 % 250}.{(number % 250) + 2}");
            worker.Start();
        }

        return Task.CompletedTask;
    }

    /// <summary>Stops every container. The pods stay in the store: the next run brings them back.</summary>
    public async ValueTask DisposeAsync() => await Task.WhenAll(_workers.Values.Select(worker => worker.DisposeAsync().AsTask()));

    private async Task EndAsync(PodWorker worker, ObjectKey key, TimeSpan grace, bool remove)
    {
        try
        {
            await worker.StopAsync(grace);
            if (remove)
            {
                _workers.TryRemove(KeyValuePair.Create(key, worker));
                Store.Remove(key, worker.Uid);
            }

            node.Network.Forget(worker.Uid);
            node.Volumes.Remove(worker.Uid);
        }
        catch (Exception e)
        {
            await Console.Error.WriteLineAsync($"kubernetes: end of {key}: {e}");
        }
    }
}
