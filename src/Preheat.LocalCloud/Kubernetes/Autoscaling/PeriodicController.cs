using System.Collections.Concurrent;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Autoscaling;

/// <summary>Looks at each object of some kind again and again at its own interval; changes in between do not hurry it.</summary>
internal abstract class PeriodicController(ObjectStore store, InfrastructureClock clock) : Controller(store, clock)
{
    private readonly ConcurrentDictionary<ObjectKey, DateTimeOffset> _due = new();

    /// <summary>Real time between two looks.</summary>
    protected abstract TimeSpan Interval(StoredObject item);

    protected abstract Task LookAsync(StoredObject item, CancellationToken stopping);

    /// <summary>The object has gone.</summary>
    protected abstract void Gone(ObjectKey key);

    protected sealed override async Task ReconcileAsync(ObjectKey key, CancellationToken stopping)
    {
        if (Store.Get(key) is not { } item)
        {
            _due.TryRemove(key, out _);
            Gone(key);
            return;
        }

        var (now, interval) = (Clock.Time.GetUtcNow(), Interval(item));
        if (_due.TryGetValue(key, out var due) && now < due - (interval / 2))
        {
            // Its timer is already set.
            return;
        }

        _due[key] = now + interval;
        try
        {
            await LookAsync(item, stopping);
        }
        finally
        {
            EnqueueAfter(key, interval);
        }
    }
}
