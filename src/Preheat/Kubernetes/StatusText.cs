using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>What a person wants to know of a deployment, in lines: first how it serves, then its revisions, objects and pods.</summary>
public static class StatusText
{
    public static IReadOnlyList<string> Of(ClusterStatus status)
    {
        var lines = new List<string>();
        lines.AddRange(status.Endpoints.Select(endpoint => $"endpoint:     {endpoint}"));
        foreach (var (title, kind) in new[] { ("replicas:     ", "Deployment/"), ("autoscaler:   ", "HorizontalPodAutoscaler/") })
            lines.AddRange(status.Objects.Where(row => row.Title.StartsWith(kind, StringComparison.Ordinal)).Select(row => title + row.State));
        if (ColdStart(status) is { } coldStart)
            lines.Add($"cold start:   {coldStart}");
        lines.Add($"last trouble: {status.Trouble ?? "none"}");
        if (status.Revisions.Count > 0)
            lines.Add("revisions, for Rollback --revision N:");
        lines.AddRange(status.Revisions.Select(revision => $"  {revision.Number}: {revision.Text()}"));
        lines.Add("objects and pods:");
        lines.AddRange(status.Objects.Concat(status.Pods).Select(Row));
        return lines;
    }

    // Beside the revision before the one that runs whose start is known.
    private static string? ColdStart(ClusterStatus status)
    {
        var before = status.Revisions.FirstOrDefault(revision => !revision.IsCurrent && revision.ColdStart is not null);
        var beside = before is null ? "" : $"; revision {before.Number}: {before.ColdStart}";
        if (status.NewestStart is { } start)
            return $"Pod/{start.Pod}: {ColdStarts.Text(start.Phases)}{beside}";
        return status.Revisions.FirstOrDefault(revision => revision is { IsCurrent: true, ColdStart: not null }) is { } current ? current.ColdStart + beside : null;
    }

    private static string Row(StatusRow row)
    {
        var image = row.ImageDigest is { Length: > 19 } digest ? $", image {digest[..19]}" : "";
        return $"  {(row.IsReady ? "ready  " : "waiting")} {row.Namespace} {row.Title}: {row.State}{image}{(row.Age is { } age ? $", {Spans.Text(age)} old" : "")}";
    }
}
