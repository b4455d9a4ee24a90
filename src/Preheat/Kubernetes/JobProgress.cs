namespace Preheat.Kubernetes;

/// <summary>The end of a Job (kubernetes.io, "Jobs", "Terminal Job conditions").</summary>
internal static class JobProgress
{
    public static ObjectProgress Of(KubernetesObject job)
    {
        var wanted = job.Json.Whole("spec", "completions") ?? 1;
        var succeeded = job.Json.Whole("status", "succeeded") ?? 0;
        if ((Is(job, "Failed") ?? Is(job, "FailureTarget")) is { } failed)
            return ObjectProgress.Failed("failed", $"{failed.Text("reason")}: {failed.Text("message")}");
        if (Is(job, "Complete") is not null)
            return ObjectProgress.Done($"{succeeded} of {wanted} completions");
        if (job.Json.Flag("spec", "suspend") || Is(job, "Suspended") is not null)
            return ObjectProgress.Waiting("suspended");
        var tries = job.Json.Whole("status", "failed") is > 0 and var count ? $"; {count} tries failed" : "";
        return ObjectProgress.Waiting($"{succeeded} of {wanted} completions, {job.Json.Whole("status", "active") ?? 0} pods at work{tries}");
    }

    private static System.Text.Json.Nodes.JsonObject? Is(KubernetesObject job, string type) =>
        job.Condition(type) is { } condition && condition.Text("status") == "True" ? condition : null;
}
