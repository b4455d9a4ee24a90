using Nuke.Common;

namespace Preheat.Engine.Tests.Support;

/// <summary>A build that notes which of its targets ran, and in which order, and which hooks were called.</summary>
public abstract class RecordingBuild : NukeBuild
{
    public List<string> Ran { get; } = [];
    public List<string> Hooks { get; } = [];

    protected internal override void OnBuildCreated() => Hooks.Add("created");
    protected internal override void OnBuildInitialized() => Hooks.Add("initialized");
    protected internal override void OnBuildFinished() => Hooks.Add("finished");
    protected internal override void OnTargetRunning(string target) => Hooks.Add($"running {target}");
    protected internal override void OnTargetSkipped(string target) => Hooks.Add($"skipped {target}");
    protected internal override void OnTargetSucceeded(string target) => Hooks.Add($"succeeded {target}");
    protected internal override void OnTargetFailed(string target) => Hooks.Add($"failed {target}");
}
