using Preheat.Images;
using Preheat.Manifests;
using Preheat.Serving;

namespace Preheat.Kubernetes;

/// <summary>How the pods of one revision make room for those of the next.</summary>
public enum RolloutStrategy
{
    /// <summary>As the manifests say: a new pod first, which needs a spare GPU.</summary>
    Surge,

    /// <summary>The old pods end before new ones start: no spare GPU, and a time without service.</summary>
    Recreate,
}

/// <summary>What to roll out.</summary>
public sealed record DeployRequest
{
    public required ManifestSet Manifests { get; init; }

    /// <summary>Folder that holds the files of <see cref="Manifests"/>.</summary>
    public required string ManifestsDirectory { get; init; }

    public required Deployment Deployment { get; init; }

    public required ServingImage Image { get; init; }

    /// <summary>Token for the model hub. It is applied from memory, as a Secret, only where the manifests ask for it; it never touches a file.</summary>
    public Secret? HubToken { get; init; }

    /// <summary>Take fields over that belong to another manager.</summary>
    public bool ForceConflicts { get; init; }

    /// <summary>Leave a failed revision as it is, to look at it.</summary>
    public bool NoRollback { get; init; }

    public RolloutStrategy Strategy { get; init; }

    /// <summary>Time limits other than the usual ones.</summary>
    public RolloutTimeouts Timeouts { get; init; } = RolloutTimeouts.None;

    /// <summary>What the last deploy left, to set its cold start beside the new one; null when there was none.</summary>
    public Rollout? Previous { get; init; }
}
