namespace Preheat.Kubernetes;

/// <summary>How far an object is from doing its work, from its own status.</summary>
/// <param name="IsDone">It does what its spec asks for.</param>
/// <param name="Failure">Why it never will without a change; null while it may.</param>
/// <param name="State">One line for people.</param>
internal sealed record ObjectProgress(bool IsDone, string? Failure, string State)
{
    /// <summary>Asks the rule of the object's kind; kinds without one of their own are judged by their conditions.</summary>
    public static ObjectProgress Of(KubernetesObject item) => item switch
    {
        { IsDeleting: true } => Waiting("being removed"),
        _ when item.Kind == KubernetesKind.Deployment => DeploymentProgress.Of(item),
        _ when item.Kind == KubernetesKind.StatefulSet => StatefulSetProgress.Of(item),
        _ when item.Kind == KubernetesKind.DaemonSet => DaemonSetProgress.Of(item),
        _ when item.Kind == KubernetesKind.Job => JobProgress.Of(item),
        _ when item.Kind == KubernetesKind.Claim => ClaimProgress.Of(item),
        _ when item.Kind == KubernetesKind.Service => ServiceProgress.Of(item),
        _ when item.Kind == KubernetesKind.Autoscaler => AutoscalerProgress.Of(item),
        _ => ConditionProgress.Of(item),
    };

    public static ObjectProgress Waiting(string state) => new(IsDone: false, Failure: null, state);

    public static ObjectProgress Done(string state) => new(IsDone: true, Failure: null, state);

    public static ObjectProgress Failed(string state, string failure) => new(IsDone: false, failure, state);

    /// <summary>Every judgement is about the spec as it was before the controller has seen the change.</summary>
    public static bool IsUnseen(KubernetesObject item) =>
        item.Json.Whole("metadata", "generation") is { } generation && (item.Json.Whole("status", "observedGeneration") ?? 0) < generation;

    public const string Unseen = "waiting until the cluster takes the change up";
}
