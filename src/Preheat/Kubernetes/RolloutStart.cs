using System.Text.Json.Nodes;

namespace Preheat.Kubernetes;

/// <summary>A Deployment when its roll-out began: what the controller keeps of the roll-out before is no news of this one.</summary>
/// <remarks>
/// Kubernetes' controller (pkg/controller/deployment) leaves a missed deadline in the status, beside the new <c>observedGeneration</c>, until something
/// progresses; and its revision is that of the old pods until the new ReplicaSet is there, which <c>Recreate</c> makes only once they are gone.
/// </remarks>
internal sealed class RolloutStart
{
    // The revision of a template that was replaced; null when the template stays, or nobody knows whose revision it is.
    private readonly string? _replaced;
    private JsonObject? _progressing;

    public RolloutStart(ObjectChange applied)
    {
        if (applied.Before is { } before && !ObjectProgress.IsUnseen(before) && !JsonNode.DeepEquals(TemplateOf(before), TemplateOf(applied.After)))
            _replaced = before.Annotation(RolloutWatch.Revision);
        _progressing = applied.After.Condition("Progressing");
    }

    /// <summary>Takes a state of the Deployment: until the controller has seen the change, all that it says is about the roll-out before.</summary>
    public void Take(KubernetesObject deployment)
    {
        if (ObjectProgress.IsUnseen(deployment))
            _progressing = deployment.Condition("Progressing");
    }

    /// <summary>How far this roll-out is.</summary>
    public ObjectProgress ProgressOf(KubernetesObject deployment) => DeploymentProgress.Of(deployment, _progressing);

    /// <summary>True when Kubernetes calls this roll-out failed, since nothing came of it in time.</summary>
    public bool IsLate(KubernetesObject deployment) => DeploymentProgress.IsLate(deployment, _progressing);

    /// <summary>True once the Deployment's revision is that of the template that was applied.</summary>
    /// <remarks>The revision stays as it was when a change that the controller never acted on is taken back; then it is told by the end.</remarks>
    public bool HasRevision(KubernetesObject deployment) =>
        _replaced is null || deployment.Annotation(RolloutWatch.Revision) != _replaced || ProgressOf(deployment).IsDone;

    private static JsonNode? TemplateOf(KubernetesObject deployment) => deployment.Json.At("spec", "template");
}
