using System.Globalization;
using System.Text;

namespace Preheat.Runs;

/// <summary>The run as GitHub shows it below a job: Markdown, appended to the file that <c>GITHUB_STEP_SUMMARY</c> names.</summary>
/// <remarks>https://docs.github.com/actions/reference/workflow-commands-for-github-actions#adding-a-job-summary</remarks>
public static class StepSummary
{
    public const string Variable = "GITHUB_STEP_SUMMARY";

    /// <summary>A heading, a table of the targets with their key figures, the steps' reasons, and where the results are.</summary>
    public static string Render(RunRecord run)
    {
        var text = new StringBuilder();
        text.Append("### ").Append(run.Outcome is RunOutcome.Succeeded ? "✅" : "❌").Append(" Preheat: ").Append(Cell(run.Deployment)).Append(' ').Append(Words(run.Outcome));
        if (run.Seconds is { } seconds)
            text.Append(" after ").Append(Spans.Text(TimeSpan.FromSeconds(seconds)));
        text.Append("\n\n| target | status | duration | figures |\n|---|---|---|---|\n");
        foreach (var target in run.Targets.Where(target => target.Status != "Collective"))
            text.Append("| ").Append(Cell(target.Name)).Append(" | ").Append(Status(target, run.Steps)).Append(" | ")
                .Append(target.Seconds.ToString("0.0", CultureInfo.InvariantCulture)).Append(" s | ")
                .Append(string.Join("; ", target.Summary.Select(pair => $"{Cell(pair.Key)}: {Cell(pair.Value)}"))).Append(" |\n");
        if (run.Files.Count > 0)
            text.Append("\nResults in `artifacts/").Append(run.Deployment).Append("/`: ").Append(string.Join(", ", run.Files.Select(file => $"`{file}`"))).Append('\n');
        return text.Append('\n').ToString();
    }

    /// <summary>Appends to the job's summary. One that cannot be written is no reason to fail a run.</summary>
    /// <returns>Why it was not written; null when it was.</returns>
    public static string? Append(string path, RunRecord run)
    {
        try
        {
            File.AppendAllText(path, Render(run));
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return $"The step summary {path} cannot be written: {exception.Message}";
        }
    }

    private static string Status(TargetResult target, IReadOnlyList<StepOutcome> steps) =>
        target.Status == "Succeeded" && steps.LastOrDefault(step => step.Target == target.Name) is { UpToDate: true } ? "up to date" : Cell(target.Status);

    private static string Words(RunOutcome outcome) => outcome switch
    {
        RunOutcome.Succeeded => "succeeded",
        RunOutcome.ObjectivesMissed => "missed its objectives",
        RunOutcome.Interrupted => "was interrupted",
        RunOutcome.Running => "goes on",
        _ => "failed",
    };

    // What a message or a name holds must neither end the table nor become Markdown or HTML.
    private static string Cell(string text)
    {
        var cell = new StringBuilder();
        foreach (var character in text.ReplaceLineEndings(" "))
        {
            if (character is '|' or '\\' or '`' or '*' or '_' or '[' or ']' or '<' or '>' or '#')
                cell.Append('\\');
            cell.Append(character);
        }
        return cell.ToString();
    }
}
