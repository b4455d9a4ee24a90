using System.Globalization;
using Nuke.Common.Execution;
using Nuke.Common.Sessions;

namespace Nuke.Common.Output;

/// <summary>What became of each target, in Nuke's form.</summary>
internal static class SummaryTable
{
    private const int StatusColumn = 10;
    private const int DurationColumn = 10;
    private const int LongestFailure = 100;

    public static void Write(BuildSession session, NukeBuild build, TimeSpan total)
    {
        var console = session.Console;
        var rows = build.ExecutionPlan.Where(target => target.Status != ExecutionStatus.Collective).ToList();
        var nameColumn = Math.Max(rows.Count == 0 ? 0 : rows.Max(target => target.Name.Length) + 4, 19);
        var width = nameColumn + StatusColumn + DurationColumn;

        string Line(string name, string status, string duration) => name.PadRight(nameColumn) + status.PadRight(StatusColumn) + duration.PadLeft(DurationColumn);

        console.WriteLine();
        console.WriteLine(new string('═', width), Tone.Faint);
        console.WriteLine(Line("Target", "Status", "Duration"), Tone.Strong);
        console.WriteLine(new string('─', width), Tone.Faint);
        foreach (var target in rows)
        {
            // The whole message of a failure stands above, in the log.
            var information = target.Status is ExecutionStatus.Failed or ExecutionStatus.Aborted ? Shortened(All()) : All();
            string All() => string.Join(", ", target.SummaryInformation.Select(pair => $"{pair.Key}: {pair.Value}"));
            var line = Line(target.Name, target.Status.ToString(), target.Status is ExecutionStatus.Skipped or ExecutionStatus.NotRun ? "" : Duration(target.Duration));
            console.WriteLine((information.Length > 0 ? $"{line}   // {information.ReplaceLineEndings(" ")}" : line).TrimEnd(), ToneOf(target.Status));
        }

        console.WriteLine(new string('─', width), Tone.Faint);
        console.WriteLine(Line("Total", "", Duration(total)), Tone.Strong);
        console.WriteLine(new string('═', width), Tone.Faint);
        console.WriteLine();
    }

    public static void WriteOutcome(BuildSession session, bool hasSucceeded)
    {
        var now = session.Context.Time.GetLocalNow().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        session.Console.WriteLine(hasSucceeded ? $"Build succeeded on {now}." : $"Build failed on {now}.", hasSucceeded ? Tone.Good : Tone.Error);
    }

    /// <summary>A text that is too long to stand in a table, cut after a word.</summary>
    private static string Shortened(string text)
    {
        if (text.Length <= LongestFailure)
            return text;
        var end = text.LastIndexOf(' ', LongestFailure - 1);
        return text[..(end > LongestFailure / 2 ? end : LongestFailure - 1)] + "…";
    }

    /// <summary><c>m:ss</c>, or <c>&lt; 1sec</c>.</summary>
    internal static string Duration(TimeSpan duration) =>
        duration < TimeSpan.FromSeconds(1) ? "< 1sec" : string.Create(CultureInfo.InvariantCulture, $"{(int)duration.TotalMinutes}:{duration.Seconds:00}");

    private static Tone ToneOf(ExecutionStatus status) => status switch
    {
        ExecutionStatus.Succeeded => Tone.Good,
        ExecutionStatus.Failed => Tone.Error,
        ExecutionStatus.Aborted or ExecutionStatus.NotRun => Tone.Warning,
        _ => Tone.Faint,
    };
}
