using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>A pod in a word or two, as <c>printPod</c> of Kubernetes says it.</summary>
internal static class PodSummary
{
    /// <summary>The phase, or what keeps a container from running.</summary>
    public static string Status(JsonObject pod)
    {
        if (pod.Text("metadata", "deletionTimestamp") is not null)
        {
            return "Terminating";
        }

        var init = pod.Objects("status", "initContainerStatuses").Where(status => status.Number("state", "terminated", "exitCode") != 0).Select(Reason).OfType<string>().FirstOrDefault();
        if (init is not null and not "PodInitializing")
        {
            return $"Init:{init}";
        }

        // The first container that has something to say decides, as the last one that the original looks at.
        return pod.Objects("status", "containerStatuses").Select(Reason).OfType<string>().FirstOrDefault() ?? pod.Text("status", "reason") ?? pod.Text("status", "phase") ?? "Unknown";
    }

    /// <summary>How often its containers were started again, and when the last time was.</summary>
    public static JsonNode Restarts(JsonObject pod, DateTimeOffset now)
    {
        var statuses = pod.Objects("status", "containerStatuses").ToList();
        var restarts = statuses.Sum(status => status.Number("restartCount") ?? 0);
        var last = statuses.Select(status => status.Text("lastState", "terminated", "finishedAt")).OfType<string>().Max(StringComparer.Ordinal);
        return restarts > 0 && last is not null ? $"{restarts} ({TableColumns.Since(last, now)} ago)" : $"{restarts}";
    }

    private static string? Reason(JsonObject status) =>
        status.Text("state", "waiting", "reason")
        ?? (status.Map("state", "terminated") is { } ended ? ended.Text("reason") is { Length: > 0 } reason ? reason : $"ExitCode:{ended.Number("exitCode")}" : null);
}
