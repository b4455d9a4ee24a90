using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Controllers;

namespace Preheat.LocalCloud.Kubernetes.Store;

/// <summary>
/// All objects of the cluster, under one lock and one growing version number. Changes are told in order to subscribers, and the last
/// few thousand are remembered, so that a watch may begin in the past.
/// </summary>
internal sealed partial class ObjectStore : IDisposable
{
    private const int EventLimit = 4_000;
    private static readonly TimeSpan EventLifetime = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly Journal _journal;
    private readonly ObjectIndex _objects = new();
    private readonly Queue<ObjectKey> _events = new();
    private ImmutableArray<Action<StoreChange>> _subscribers = [];
    private long _version;

    public ObjectStore(Journal journal, TimeProvider time, KindCatalog kinds)
    {
        (_journal, _time, Kinds) = (journal, time, kinds);
        var (loaded, version) = journal.Load(kinds);
        foreach (var item in loaded.Values.Where(item => item.Key.Kind != ResourceKinds.Event || !IsOld(item)).OrderBy(item => item.Version))
        {
            _objects.Put(item);
        }

        // Versions given out but lost with a torn line must not be given out again with another meaning.
        _version = version + 1;
        _journal.Compact(_objects.All, _version);
    }

    /// <summary>The kinds that may be stored; follows the definitions at once.</summary>
    public KindCatalog Kinds { get; }

    /// <summary>Version of the last change.</summary>
    public long Version
    {
        get
        {
            lock (_lock)
            {
                return _version;
            }
        }
    }

    public StoredObject? Get(ObjectKey key)
    {
        lock (_lock)
        {
            return _objects.Get(key);
        }
    }

    /// <summary>Objects of a kind in order of namespace and name; <paramref name="ns"/> empty means all namespaces.</summary>
    public IReadOnlyList<StoredObject> List(ResourceKind kind, string ns = "") => List(kind, ns, out _);

    /// <inheritdoc cref="List(ResourceKind, string)"/>
    public IReadOnlyList<StoredObject> List(ResourceKind kind, string ns, out long version)
    {
        lock (_lock)
        {
            version = _version;
            return [.. _objects.OfKind(kind).Where(item => ns.Length == 0 || item.Namespace == ns)];
        }
    }

    /// <summary>Every object in a namespace.</summary>
    public IReadOnlyList<StoredObject> InNamespace(string ns)
    {
        lock (_lock)
        {
            return [.. _objects.All.Where(item => item.Namespace == ns)];
        }
    }

    /// <summary>Objects whose <c>ownerReferences</c> name this uid.</summary>
    public IReadOnlyList<StoredObject> OwnedBy(string uid)
    {
        lock (_lock)
        {
            return [.. _objects.OwnedBy(uid)];
        }
    }

    /// <summary>Stores a new object with uid, creation time and version; 409 <c>AlreadyExists</c> when the name is taken.</summary>
    public StoredObject Create(ObjectKey key, JsonObject json)
    {
        lock (_lock)
        {
            if (_objects.Get(key) is not null)
            {
                throw ApiException.AlreadyExists(key);
            }

            var metadata = json.Metadata();
            metadata["name"] = key.Name;
            if (key.Kind.Namespaced)
            {
                metadata["namespace"] = key.Namespace;
            }

            metadata["uid"] = Guid.NewGuid().ToString();
            metadata["creationTimestamp"] = KubeJson.Seconds(_time.GetUtcNow());
            if (key.Kind == ResourceKinds.Job)
            {
                JobIdentity.Stamp(json);
            }

            if (key.Kind.HasGeneration)
            {
                metadata["generation"] = 1;
            }

            var created = Put(key, json, before: null, ChangeType.Added);
            if (key.Kind == ResourceKinds.Event)
            {
                // Many, and seldom read.
                created.Release();
                TrimEvents(key);
            }

            return created;
        }
    }

    /// <summary>
    /// Changes an object in one step. <paramref name="change"/> gets a clone of the present version (also its own precondition checks
    /// belong there) and returns whether to store it. An unchanged object keeps its version. An object whose deletion was asked for and
    /// that has no finalizer left is removed. Null when there is no such object.
    /// </summary>
    public StoredObject? Update(ObjectKey key, Func<JsonObject, bool> change)
    {
        lock (_lock)
        {
            if (_objects.Get(key) is not { } before)
            {
                return null;
            }

            var json = before.Json.Copy();
            if (!change(json) || KubeJson.Same(json, before.Json))
            {
                return before;
            }

            if (key.Kind.HasGeneration && SpecChanged(before.Json, json))
            {
                json.Metadata()["generation"] = (before.Json.Number("metadata", "generation") ?? 0) + 1;
            }

            if (json.Text("metadata", "deletionTimestamp") is not null && !json.Texts("metadata", "finalizers").Any() && key.Kind != ResourceKinds.Pod
                && !json.Texts("spec", "finalizers").Any())
            {
                return RemoveLocked(before, json);
            }

            return Put(key, json, before, ChangeType.Modified);
        }
    }

    /// <summary>Removes an object at once; null when it is gone or is another one (<paramref name="uid"/>).</summary>
    public StoredObject? Remove(ObjectKey key, string? uid = null)
    {
        lock (_lock)
        {
            return _objects.Get(key) is { } before && (uid is null || before.Uid == uid) ? RemoveLocked(before, before.Json.Copy()) : null;
        }
    }

    /// <summary>
    /// Hears every change from now on, in order, under the store's lock: a subscriber only hands it on. Returns what ends it.
    /// </summary>
    public IDisposable Subscribe(Action<StoreChange> subscriber)
    {
        lock (_lock)
        {
            return SubscribeLocked(subscriber);
        }
    }

    /// <summary>A snapshot and the changes after it, with nothing missed between.</summary>
    public IDisposable Follow(ResourceKind kind, string ns, out IReadOnlyList<StoredObject> snapshot, out long version, Action<StoreChange> subscriber)
    {
        lock (_lock)
        {
            snapshot = List(kind, ns, out version);
            return SubscribeLocked(subscriber);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _journal.Dispose();
        }
    }

    private static bool SpecChanged(JsonObject before, JsonObject after) =>
        before.Select(pair => pair.Key).Union(after.Select(pair => pair.Key))
            .Any(name => name is not ("metadata" or "status") && !KubeJson.Same(before[name], after[name]));

    private Subscription SubscribeLocked(Action<StoreChange> subscriber)
    {
        _subscribers = _subscribers.Add(subscriber);
        return new Subscription(this, subscriber);
    }

    private StoredObject Put(ObjectKey key, JsonObject json, StoredObject? before, ChangeType type)
    {
        json.Metadata()["resourceVersion"] = (++_version).ToString(System.Globalization.CultureInfo.InvariantCulture);
        var stored = new StoredObject(key, json, _version);
        _objects.Put(stored);
        Tell(new StoreChange(type, stored, before, _version), stored);
        before?.Release();
        return stored;
    }

    private StoredObject RemoveLocked(StoredObject before, JsonObject last)
    {
        last.Metadata()["resourceVersion"] = (++_version).ToString(System.Globalization.CultureInfo.InvariantCulture);
        var gone = new StoredObject(before.Key, last, _version);
        _objects.Remove(before.Key);
        Tell(new StoreChange(ChangeType.Deleted, gone, before, _version), stored: null);
        before.Release();
        return gone;
    }

    private void Tell(StoreChange change, StoredObject? stored)
    {
        _journal.Append(change.Object.Key, change.Version, stored);
        Kinds.Hear(change.Object.Key, stored?.Json);
        if (_journal.IsLong)
        {
            _journal.Compact(_objects.All, _version);
        }

        Remember(change);
        foreach (var subscriber in _subscribers)
        {
            subscriber(change);
        }
    }

    private bool IsOld(StoredObject item) =>
        KubeJson.TryTime(item.Json.Text("lastTimestamp") ?? item.Json.Text("metadata", "creationTimestamp"), out var time)
        && _time.GetUtcNow() - time > EventLifetime;

    private void TrimEvents(ObjectKey created)
    {
        _events.Enqueue(created);
        while (_events.TryPeek(out var oldest) && (_events.Count > EventLimit || _objects.Get(oldest) is not { } item || IsOld(item)))
        {
            _events.Dequeue();
            Remove(oldest);
        }
    }

    private sealed class Subscription(ObjectStore store, Action<StoreChange> subscriber) : IDisposable
    {
        public void Dispose()
        {
            lock (store._lock)
            {
                store._subscribers = store._subscribers.Remove(subscriber);
            }
        }
    }
}
