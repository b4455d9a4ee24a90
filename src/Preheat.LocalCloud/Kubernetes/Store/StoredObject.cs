using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Controllers;

namespace Preheat.LocalCloud.Kubernetes.Store;

/// <summary>Where an object is. <paramref name="Namespace"/> is empty for a cluster-scoped kind.</summary>
internal readonly record struct ObjectKey(ResourceKind Kind, string Namespace, string Name)
{
    /// <summary>Compares with <c>NAMESPACE/NAME</c> in the order of lists.</summary>
    public static int CompareNames(ObjectKey key, string other)
    {
        var slash = other.IndexOf('/', StringComparison.Ordinal);
        return string.CompareOrdinal(key.Namespace, other[..Math.Max(slash, 0)]) is not 0 and var byNamespace ? byNamespace : string.CompareOrdinal(key.Name, other[(slash + 1)..]);
    }

    public override string ToString() => Namespace.Length == 0 ? $"{Kind}/{Name}" : $"{Kind}/{Namespace}/{Name}";
}

/// <summary>
/// One version of an object. Its tree is shared by all readers and never changed: writers change a clone. A version that was released keeps its
/// wire form only, a tenth of the tree's size; whoever still asks for the tree gets it read anew.
/// </summary>
internal sealed class StoredObject(ObjectKey key, JsonObject json, long version)
{
    private volatile JsonObject? _json = json;
    private WeakReference<JsonObject>? _readAnew;
    private byte[]? _bytes;
    private PodFacts? _pod;

    public ObjectKey Key { get; } = key;

    public long Version { get; } = version;

    public JsonObject Json => _json ?? ReadAnew();

    /// <summary>The wire form, made once per version.</summary>
    public byte[] Bytes => _bytes ??= KubeJson.Serialize(Json);

    public string Name => Key.Name;

    public string Namespace => Key.Namespace;

    public string Uid { get; } = json.Text("metadata", "uid") ?? "";

    public bool Deleting { get; } = json.Text("metadata", "deletionTimestamp") is not null;

    /// <summary>What the controllers ask of a pod again and again, read once per version.</summary>
    public PodFacts Pod => _pod ??= PodFacts.Of(Json);

    /// <summary>The tree is seldom asked for from now on, as that of a version that has been replaced.</summary>
    public void Release()
    {
        if (_json is { } json)
        {
            _ = Bytes;
            if (Key.Kind == ResourceKinds.Pod)
            {
                _ = Pod;
            }

            // Controllers may be reading this very version: they share the tree as long as one of them holds it.
            _readAnew = new WeakReference<JsonObject>(json);
            _json = null;
        }
    }

    private JsonObject ReadAnew()
    {
        if (_readAnew?.TryGetTarget(out var json) != true)
        {
            json = KubeJson.ParseStored(_bytes!);
            _readAnew = new WeakReference<JsonObject>(json);
        }

        return json!;
    }
}

/// <summary>What happened to an object.</summary>
internal enum ChangeType
{
    Added,
    Modified,
    Deleted,
}

/// <summary>One change, in order of <see cref="Version"/>. <paramref name="Before"/> is the version that it replaces.</summary>
internal sealed record StoreChange(ChangeType Type, StoredObject Object, StoredObject? Before, long Version);
