namespace Preheat.Runs;

/// <summary>How a target of the build ended.</summary>
/// <param name="Status"><c>Succeeded</c>, <c>Failed</c>, <c>Skipped</c>, <c>NotRun</c>, <c>Aborted</c> or <c>Collective</c>.</param>
public sealed record TargetResult(string Name, string Status, double Seconds);

/// <summary>The whole run, <c>artifacts/DEPLOYMENT/run.json</c>, for machines and colleagues.</summary>
public static class RunRecord
{
    /// <summary>Version of the layout of <c>run.json</c>.</summary>
    public const int Schema = 1;

    public static void Write(StepContext context, DateTimeOffset startedAt, IReadOnlyList<TargetResult> targets, int exitCode)
    {
        var finished = context.Time.GetUtcNow();
        context.Receipts.Write("run.json", new
        {
            schema = Schema,
            deployment = context.Receipts.Deployment,
            startedAt,
            finishedAt = finished,
            seconds = Math.Round((finished - startedAt).TotalSeconds, 3),
            exitCode,
            targets,
            steps = context.Outcomes,
        });
    }
}
