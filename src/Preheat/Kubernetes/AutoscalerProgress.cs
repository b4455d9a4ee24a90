namespace Preheat.Kubernetes;

/// <summary>Whether an HPA can do its work (autoscaling/v2, <c>status.conditions</c>: <c>AbleToScale</c>, <c>ScalingActive</c>, <c>ScalingLimited</c>).</summary>
internal static class AutoscalerProgress
{
    public static ObjectProgress Of(KubernetesObject autoscaler)
    {
        var (current, desired) = (autoscaler.Json.Whole("status", "currentReplicas") ?? 0, autoscaler.Json.Whole("status", "desiredReplicas") ?? 0);
        foreach (var type in new[] { "AbleToScale", "ScalingActive" })
        {
            // Without replicas there is nothing to measure: that is no fault.
            if (autoscaler.Condition(type) is { } condition && condition.Text("status") == "False" && condition.Text("reason") is not "ScalingDisabled")
                return ObjectProgress.Waiting($"cannot scale: {condition.Text("reason")}: {condition.Text("message")}");
        }
        var limited = autoscaler.Condition("ScalingLimited") is { } limit && limit.Text("status") == "True" ? $" ({limit.Text("message")})" : "";
        return autoscaler.Condition("ScalingActive") is null ? ObjectProgress.Waiting("no metrics read yet") : ObjectProgress.Done($"{current} replicas, wants {desired}{limited}");
    }
}
