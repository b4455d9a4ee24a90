namespace Preheat.Kubernetes;

/// <summary>What happened to a watched object.</summary>
public enum WatchChange
{
    /// <summary>It is there now: found by the first list, or created since.</summary>
    Added,

    Modified,

    Deleted,

    /// <summary>All objects that were there have been told; no object comes with this.</summary>
    Synced,
}

/// <summary>One change seen by a watch. <paramref name="Object"/> is null with <see cref="WatchChange.Synced"/> only.</summary>
public sealed record WatchEvent(WatchChange Change, KubernetesObject? Object);
