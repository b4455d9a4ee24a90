namespace Nuke.Common;

public abstract partial class NukeBuild
{
    /// <summary>The instance exists and its parameters have their values. Also called for <c>--help</c> and <c>--plan</c>.</summary>
    protected internal virtual void OnBuildCreated()
    {
    }

    /// <summary>The plan stands, and nothing has run yet. Not called for <c>--help</c> and <c>--plan</c>.</summary>
    protected internal virtual void OnBuildInitialized()
    {
    }

    /// <summary>All targets have ended and the summary is printed, whether the build succeeded or failed.</summary>
    protected internal virtual void OnBuildFinished()
    {
    }

    /// <summary>The target is about to run.</summary>
    protected internal virtual void OnTargetRunning(string target)
    {
    }

    /// <summary>The turn of a target came that does not run.</summary>
    protected internal virtual void OnTargetSkipped(string target)
    {
    }

    /// <summary>All actions of the target have ended without exception.</summary>
    protected internal virtual void OnTargetSucceeded(string target)
    {
    }

    /// <summary>An action of the target threw.</summary>
    protected internal virtual void OnTargetFailed(string target)
    {
    }
}
