using System.Reflection;
using System.Runtime.InteropServices;

namespace Preheat.Runs;

/// <summary>How a target of the build ended.</summary>
/// <param name="Status"><c>Succeeded</c>, <c>Failed</c>, <c>Skipped</c>, <c>NotRun</c>, <c>Aborted</c> or <c>Collective</c>.</param>
/// <param name="Summary">Its key figures, as the summary on the terminal shows them.</param>
public sealed record TargetResult(string Name, string Status, double Seconds, IReadOnlyDictionary<string, string> Summary);

/// <summary>How the whole run ended, or that it has not.</summary>
public enum RunOutcome
{
    /// <summary>It goes on, or was killed.</summary>
    Running,
    Succeeded,
    Failed,
    ObjectivesMissed,
    Interrupted,
}

/// <summary>The whole run, <c>artifacts/DEPLOYMENT/run.json</c>, for machines and colleagues. Described in <c>docs/run-json.md</c>.</summary>
public sealed record RunRecord
{
    public const string FileName = "run.json";

    /// <summary>Version of the layout.</summary>
    public const int CurrentSchema = 1;

    private static readonly string[] Results = ["report.html", "load.json", "load.txt", EventLog.Name];

    public int Schema { get; init; } = CurrentSchema;

    public required string Deployment { get; init; }

    public required RunOutcome Outcome { get; init; }

    /// <summary>Null while the run goes on.</summary>
    public int? ExitCode { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Wall time.</summary>
    public double? Seconds { get; init; }

    /// <summary>Version of each part: <c>preheat</c>, <c>engine</c>, <c>dotnet</c>, <c>system</c>.</summary>
    public required IReadOnlyDictionary<string, string> Versions { get; init; }

    /// <summary>In the order of the plan.</summary>
    public IReadOnlyList<TargetResult> Targets { get; init; } = [];

    /// <summary>In the order they ended.</summary>
    public IReadOnlyList<StepOutcome> Steps { get; init; } = [];

    /// <summary>Files beside this one that hold results.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>Says in the folder that a run goes on: what is found after a <c>kill -9</c>.</summary>
    public static void Begin(StepContext context, DateTimeOffset startedAt, string engine) =>
        context.Receipts.Write(FileName, new RunRecord { Deployment = context.Receipts.Deployment, Outcome = RunOutcome.Running, StartedAt = startedAt, Versions = VersionsWith(engine) });

    /// <summary>Writes the record of a run that has ended, however it did.</summary>
    public static RunRecord Write(StepContext context, DateTimeOffset startedAt, string engine, IReadOnlyList<TargetResult> targets, int exitCode)
    {
        var finished = context.Time.GetUtcNow();
        var record = new RunRecord
        {
            Deployment = context.Receipts.Deployment,
            Outcome = exitCode switch { 0 => RunOutcome.Succeeded, 3 => RunOutcome.ObjectivesMissed, 130 => RunOutcome.Interrupted, _ => RunOutcome.Failed },
            ExitCode = exitCode,
            StartedAt = startedAt,
            FinishedAt = finished,
            Seconds = Math.Round((finished - startedAt).TotalSeconds, 3),
            Versions = VersionsWith(engine),
            Targets = targets,
            Steps = context.Outcomes,
            Files = [.. Results.Where(name => File.Exists(Path.Combine(context.Receipts.Directory, name)))],
        };
        context.Receipts.Write(FileName, record);
        return record;
    }

    private static SortedDictionary<string, string> VersionsWith(string engine) => new(StringComparer.Ordinal)
    {
        ["preheat"] = typeof(RunRecord).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown",
        ["engine"] = engine,
        ["dotnet"] = Environment.Version.ToString(),
        ["system"] = RuntimeInformation.OSDescription.Trim(),
    };
}
