namespace Preheat.Kubernetes;

/// <summary>How far the roll-out of a Deployment is, from its own status (kubernetes.io, "Deployments", "Deployment status").</summary>
/// <param name="IsDone">Every replica runs the new template and is available, and no old one is left.</param>
/// <param name="Failure">Why Kubernetes calls it failed; null while it does not.</param>
/// <param name="State">One line for people.</param>
internal sealed record DeploymentProgress(bool IsDone, string? Failure, string State)
{
    /// <summary>The checks in their order: each one holds only if those before it passed.</summary>
    public static DeploymentProgress Of(KubernetesObject deployment)
    {
        var json = deployment.Json;
        var desired = json.Whole("spec", "replicas") ?? 1;
        var updated = json.Whole("status", "updatedReplicas") ?? 0;
        var all = json.Whole("status", "replicas") ?? 0;
        var available = json.Whole("status", "availableReplicas") ?? 0;
        if ((json.Whole("status", "observedGeneration") ?? 0) < json.Whole("metadata", "generation"))
            return Waiting("waiting until the cluster takes the change up");
        if (deployment.Condition("Progressing") is { } progressing && progressing.Text("reason") is "ProgressDeadlineExceeded")
            return new(IsDone: false, $"no progress within {json.Whole("spec", "progressDeadlineSeconds") ?? 600} s ({progressing.Text("message")})", "no progress before the deadline");
        if (updated < desired)
            return Waiting($"{updated} of {desired} replicas are made anew{ReplicaFailure(deployment)}");
        if (all > updated)
            return Waiting($"{updated} new and {all - updated} old replicas; {available} of them available");
        if (available < updated)
            return Waiting($"{available} of {updated} replicas available");
        return new(IsDone: true, Failure: null, $"{available} of {desired} replicas available");
    }

    private static DeploymentProgress Waiting(string state) => new(IsDone: false, Failure: null, state);

    // Pods that cannot even be made: a quota, a policy.
    private static string ReplicaFailure(KubernetesObject deployment) =>
        deployment.Condition("ReplicaFailure") is { } failure && failure.Text("status") == "True" ? $"; pods cannot be made: {failure.Text("message")}" : "";
}
