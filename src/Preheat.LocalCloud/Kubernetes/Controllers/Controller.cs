using System.Threading.Channels;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>
/// Brings objects from what is to what should be, driven by changes of the store only: each change names the keys that it concerns, each key
/// is reconciled once for all changes that came together.
/// </summary>
internal abstract class Controller(ObjectStore store, InfrastructureClock clock)
{
    private static readonly TimeSpan RetryAfterFault = TimeSpan.FromSeconds(1);

    /// <summary>A round of work that took this long is followed by a rest as long, so that changes to the same objects come together.</summary>
    private static readonly TimeSpan LongRound = TimeSpan.FromMilliseconds(5);

    private static readonly TimeSpan LongestRest = TimeSpan.FromMilliseconds(200);

    private readonly Channel<ObjectKey> _queue = Channel.CreateUnbounded<ObjectKey>(new UnboundedChannelOptions { SingleReader = true });
    private CancellationToken _stopping;

    protected ObjectStore Store { get; } = store;

    protected InfrastructureClock Clock { get; } = clock;

    /// <summary>Runs until the cluster stops, beginning with every present object.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        _stopping = stopping;
        using var subscription = Store.Subscribe(change =>
        {
            foreach (var key in Concerned(change))
            {
                _queue.Writer.TryWrite(key);
            }
        });
        foreach (var key in Present())
        {
            _queue.Writer.TryWrite(key);
        }

        var pending = new HashSet<ObjectKey>();
        while (await WaitAsync(stopping))
        {
            var begun = Clock.Time.GetTimestamp();
            pending.Clear();
            while (_queue.Reader.TryRead(out var key))
            {
                pending.Add(key);
            }

            foreach (var key in pending)
            {
                await ReconcileSafelyAsync(key);
            }

            await RestAsync(Clock.Time.GetElapsedTime(begun), stopping);
        }
    }

    /// <summary>Keys to look at after a change. Called under the store's lock: quick, no writes.</summary>
    protected abstract IEnumerable<ObjectKey> Concerned(StoreChange change);

    /// <summary>Keys to look at when the cluster starts.</summary>
    protected abstract IEnumerable<ObjectKey> Present();

    protected abstract Task ReconcileAsync(ObjectKey key, CancellationToken stopping);

    protected void Enqueue(ObjectKey key) => _queue.Writer.TryWrite(key);

    /// <summary>Looks at a key again after a wall time.</summary>
    protected void EnqueueAfter(ObjectKey key, TimeSpan delay) => _ = EnqueueAfterAsync(key, delay);

    /// <summary>The object that controls another; null when none of this kind does.</summary>
    protected static ObjectKey? ControllerOf(StoredObject item, ResourceKind kind) =>
        item.Json.Objects("metadata", "ownerReferences").FirstOrDefault(owner => owner.Flag("controller") && owner.Text("kind") == kind.Kind)?.Text("name") is { } name
            ? new ObjectKey(kind, item.Namespace, name) : null;

    private async Task<bool> WaitAsync(CancellationToken stopping)
    {
        try
        {
            return await _queue.Reader.WaitToReadAsync(stopping);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task RestAsync(TimeSpan worked, CancellationToken stopping)
    {
        if (worked >= LongRound)
        {
            await Task.Delay(worked < LongestRest ? worked : LongestRest, Clock.Time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReconcileSafelyAsync(ObjectKey key)
    {
        try
        {
            await ReconcileAsync(key, _stopping);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Stopping: the next run begins with every object anew.
        }
        catch (Exception e)
        {
            await Console.Error.WriteLineAsync($"kubernetes: {GetType().Name} {key}: {e}");
            EnqueueAfter(key, RetryAfterFault);
        }
    }

    private async Task EnqueueAfterAsync(ObjectKey key, TimeSpan delay)
    {
        try
        {
            await Task.Delay(delay > TimeSpan.Zero ? delay : TimeSpan.Zero, Clock.Time, _stopping);
            _queue.Writer.TryWrite(key);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }
}
