using Preheat.LocalCloud.Kubernetes.Api;

namespace Preheat.LocalCloud.Kubernetes.Store;

/// <summary>The remembered changes: lists as they were, watches that begin in the past.</summary>
internal sealed partial class ObjectStore
{
    private const int HistoryLimit = 8_192;

    /// <summary>Large objects shorten the history rather than fill the memory.</summary>
    private const long HistoryBytes = 64 * 1024 * 1024;

    private readonly Queue<StoreChange> _history = new();
    private long _historyBytes;

    /// <summary>The earliest version from which every change is remembered.</summary>
    private long Oldest => _history.Count > 0 ? _history.Peek().Version - 1 : _version;

    /// <summary>The list as it was at an earlier version, by taking back the changes since; null when they are no longer remembered.</summary>
    public IReadOnlyList<StoredObject>? ListAt(ResourceKind kind, string ns, long version)
    {
        lock (_lock)
        {
            if (version < Oldest)
            {
                return null;
            }

            var then = List(kind, ns).ToDictionary(item => item.Key);
            foreach (var change in _history.Reverse().TakeWhile(change => change.Version > version)
                .Where(change => change.Object.Key.Kind == kind && (ns.Length == 0 || change.Object.Namespace == ns)))
            {
                if (change.Type == ChangeType.Added)
                {
                    then.Remove(change.Object.Key);
                }
                else
                {
                    then[change.Object.Key] = change.Before!;
                }
            }

            return [.. then.Values.OrderBy(item => item.Namespace, StringComparer.Ordinal).ThenBy(item => item.Name, StringComparer.Ordinal)];
        }
    }

    /// <summary>
    /// Hears every change after <paramref name="version"/>: first those that are remembered. 410 <c>Expired</c> when some of them are not.
    /// </summary>
    public IDisposable SubscribeFrom(long version, Action<StoreChange> subscriber)
    {
        lock (_lock)
        {
            if (version < Oldest)
            {
                throw ApiException.Expired(version, Oldest);
            }

            if (version > _version)
            {
                throw ApiException.TooLargeVersion(version, _version);
            }

            foreach (var change in _history.Where(change => change.Version > version))
            {
                subscriber(change);
            }

            return SubscribeLocked(subscriber);
        }
    }

    private void Remember(StoreChange change)
    {
        _history.Enqueue(change);
        _historyBytes += change.Object.Bytes.Length;
        while (_history.Count > HistoryLimit || (_historyBytes > HistoryBytes && _history.Count > 1))
        {
            _historyBytes -= _history.Dequeue().Object.Bytes.Length;
        }
    }
}
