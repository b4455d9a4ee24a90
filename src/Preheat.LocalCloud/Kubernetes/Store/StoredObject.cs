using System.Text.Json.Nodes;

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

/// <summary>One version of an object. <paramref name="Json"/> is shared by all readers and never changed: writers change a clone.</summary>
internal sealed record StoredObject(ObjectKey Key, JsonObject Json, long Version)
{
    private byte[]? _bytes;

    /// <summary>The wire form, made once per version.</summary>
    public byte[] Bytes => _bytes ??= KubeJson.Serialize(Json);

    public string Name => Key.Name;

    public string Namespace => Key.Namespace;

    public string Uid => Json.Text("metadata", "uid") ?? "";

    public bool Deleting => Json.Text("metadata", "deletionTimestamp") is not null;
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
