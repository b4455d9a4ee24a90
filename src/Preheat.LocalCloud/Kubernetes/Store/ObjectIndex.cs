namespace Preheat.LocalCloud.Kubernetes.Store;

/// <summary>The present objects, found by key, by kind in order of namespace and name, and by owner. Not safe for threads by itself.</summary>
internal sealed class ObjectIndex
{
    private readonly Dictionary<ObjectKey, StoredObject> _byKey = [];
    private readonly Dictionary<ResourceKind, SortedDictionary<(string Namespace, string Name), StoredObject>> _byKind = [];
    private readonly Dictionary<string, HashSet<ObjectKey>> _byOwner = [];

    public IEnumerable<StoredObject> All => _byKey.Values;

    public StoredObject? Get(ObjectKey key) => _byKey.GetValueOrDefault(key);

    public IEnumerable<StoredObject> OfKind(ResourceKind kind) => _byKind.TryGetValue(kind, out var sorted) ? sorted.Values : [];

    /// <summary>Objects whose <c>ownerReferences</c> name this uid.</summary>
    public IEnumerable<StoredObject> OwnedBy(string uid) => _byOwner.TryGetValue(uid, out var keys) ? keys.Select(key => _byKey[key]) : [];

    /// <summary>Adds an object or replaces its earlier version.</summary>
    public void Put(StoredObject item)
    {
        Remove(item.Key);
        _byKey[item.Key] = item;
        if (!_byKind.TryGetValue(item.Key.Kind, out var sorted))
        {
            _byKind[item.Key.Kind] = sorted = new SortedDictionary<(string Namespace, string Name), StoredObject>(KeyOrder.Instance);
        }

        sorted[(item.Namespace, item.Name)] = item;
        foreach (var uid in OwnerUids(item))
        {
            (_byOwner.TryGetValue(uid, out var owned) ? owned : _byOwner[uid] = []).Add(item.Key);
        }
    }

    public void Remove(ObjectKey key)
    {
        if (!_byKey.Remove(key, out var item))
        {
            return;
        }

        _byKind[key.Kind].Remove((item.Namespace, item.Name));
        foreach (var uid in OwnerUids(item))
        {
            if (_byOwner.TryGetValue(uid, out var owned) && owned.Remove(key) && owned.Count == 0)
            {
                _byOwner.Remove(uid);
            }
        }
    }

    private static IEnumerable<string> OwnerUids(StoredObject item) =>
        item.Json.Objects("metadata", "ownerReferences").Select(owner => owner.Text("uid")).OfType<string>();

    private sealed class KeyOrder : IComparer<(string Namespace, string Name)>
    {
        public static readonly KeyOrder Instance = new();

        public int Compare((string Namespace, string Name) x, (string Namespace, string Name) y) =>
            string.CompareOrdinal(x.Namespace, y.Namespace) is not 0 and var byNamespace ? byNamespace : string.CompareOrdinal(x.Name, y.Name);
    }
}
