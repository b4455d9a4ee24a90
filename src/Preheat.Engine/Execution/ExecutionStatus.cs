namespace Nuke.Common.Execution;

/// <summary>Where a target of the plan stands.</summary>
public enum ExecutionStatus
{
    /// <summary>Not part of the plan.</summary>
    None,

    /// <summary>Waits for its turn.</summary>
    Scheduled,

    /// <summary>Its turn never came, since another target failed.</summary>
    NotRun,

    /// <summary>Ruled out by a condition, <c>--skip</c>, or the target that needs it being skipped.</summary>
    Skipped,

    /// <summary>All actions have ended without exception.</summary>
    Succeeded,

    /// <summary>An action threw.</summary>
    Failed,

    /// <summary>Its actions run now.</summary>
    Running,

    /// <summary>Interrupted while it ran.</summary>
    Aborted,

    /// <summary>Has no actions of its own: it stands for its dependencies.</summary>
    Collective,
}
