using System.Text.Json.Nodes;

namespace Preheat.Kubernetes;

/// <summary>The roll-out of a Deployment (kubernetes.io, "Deployments", "Deployment status").</summary>
internal static class DeploymentProgress
{
    /// <summary>The checks in their order: each one holds only if those before it passed.</summary>
    /// <param name="earlier">The condition <c>Progressing</c> that an earlier roll-out left; null for none.</param>
    public static ObjectProgress Of(KubernetesObject deployment, JsonObject? earlier = null)
    {
        var json = deployment.Json;
        var desired = json.Whole("spec", "replicas") ?? 1;
        var updated = json.Whole("status", "updatedReplicas") ?? 0;
        var all = json.Whole("status", "replicas") ?? 0;
        var available = json.Whole("status", "availableReplicas") ?? 0;
        if (ObjectProgress.IsUnseen(deployment))
            return ObjectProgress.Waiting(ObjectProgress.Unseen);
        if (IsLate(deployment, earlier))
            return ObjectProgress.Failed("no progress before the deadline", $"no progress within {json.Whole("spec", "progressDeadlineSeconds") ?? 600} s ({deployment.Condition("Progressing").Text("message")})");
        if (json.Flag("spec", "paused"))
            return ObjectProgress.Failed("paused", "the roll-out is paused; somebody did that. Go on with: kubectl rollout resume");
        if (updated < desired)
            return ObjectProgress.Waiting($"{updated} of {desired} replicas are made anew{ReplicaFailure(deployment)}");
        if (all > updated)
            return ObjectProgress.Waiting($"{updated} new and {all - updated} old replicas; {available} of them available");
        if (available < updated)
            return ObjectProgress.Waiting($"{available} of {updated} replicas available");
        return ObjectProgress.Done($"{available} of {desired} replicas available");
    }

    /// <summary>True when Kubernetes calls the roll-out failed, since nothing came of it in time.</summary>
    /// <param name="earlier">The condition that an earlier roll-out left: the controller sets another one, with a time of its own, as soon as something progresses.</param>
    public static bool IsLate(KubernetesObject deployment, JsonObject? earlier = null) =>
        deployment.Condition("Progressing") is { } now
        && now.Text("reason") is "ProgressDeadlineExceeded"
        && !(earlier is not null && earlier.Text("reason") == now.Text("reason") && earlier.Text("lastUpdateTime") == now.Text("lastUpdateTime") && earlier.Text("message") == now.Text("message"));

    // Pods that cannot even be made: a quota, a policy.
    private static string ReplicaFailure(KubernetesObject deployment) =>
        deployment.Condition("ReplicaFailure") is { } failure && failure.Text("status") == "True" ? $"; pods cannot be made: {failure.Text("message")}" : "";
}
