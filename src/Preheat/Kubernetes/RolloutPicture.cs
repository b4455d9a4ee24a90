using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>How far a roll-out is at one moment, and how a terminal shows it.</summary>
/// <param name="Subject">What rolls out: <c>Deployment/gemma</c>.</param>
/// <param name="State">Its state in a line.</param>
/// <param name="Ready">Replicas of the new revision that are ready.</param>
/// <param name="Wanted">Replicas that there shall be.</param>
/// <param name="Objects">The other objects that were applied, each with its state.</param>
/// <param name="Pods">The pods of the new revision, the oldest first.</param>
/// <param name="Trouble">What was last found to stand in the way; null for nothing.</param>
public sealed record RolloutPicture(
    string Subject, string State, long Ready, long Wanted, DateTimeOffset Began, IReadOnlyList<string> Objects, IReadOnlyList<PodPicture> Pods, string? Trouble)
{
    /// <summary>From so many columns on a phase has several cells in a bar; below, one.</summary>
    private const int Wide = 62;

    /// <summary>The picture in rows of at most so many columns, and at most so many of them; what does not fit is counted.</summary>
    public IReadOnlyList<string> Lines(DateTimeOffset now, int columns, int rows)
    {
        var lines = new List<string> { $"{Subject}: {Ready} of {Wanted} replicas ready, {Spans.Text(now - Began)}; {State}" };
        if (Objects.Count > 0 && rows > 3)
            lines.Add(OnOneRow(Objects, columns));
        var room = Math.Max(1, rows - lines.Count - (Trouble is null ? 0 : 1));
        // Those that are on their way are what one waits for.
        var shown = Pods.OrderBy(pod => pod.Phase is PodPhase.Served).Take(Pods.Count > room ? room - 1 : room).ToList();
        var name = shown.Count == 0 ? 0 : shown.Max(pod => pod.Name.Length);
        lines.AddRange(shown.Select(pod => $"  {pod.Name.PadRight(name)} {pod.Line(now, columns < Wide + name ? 1 : 4)}"));
        if (shown.Count < Pods.Count)
            lines.Add($"  and {Pods.Count - shown.Count} more pods");
        if (Trouble is not null)
            lines.Add("! " + Trouble);
        return [.. lines.Take(rows).Select(line => line.Length > columns ? line[..Math.Max(0, columns)] : line)];
    }

    private static string OnOneRow(IReadOnlyList<string> objects, int columns)
    {
        for (var count = objects.Count; count > 1; count--)
        {
            var row = "  " + string.Join(", ", objects.Take(count)) + (count < objects.Count ? $" and {objects.Count - count} more" : "");
            if (row.Length <= columns)
                return row;
        }
        return "  " + objects[0] + (objects.Count > 1 ? $" and {objects.Count - 1} more" : "");
    }
}

/// <summary>How far one pod is.</summary>
/// <param name="Since">When the phase began.</param>
/// <param name="Limit">How long the phase may last; null for no limit of its own.</param>
/// <param name="Made">When the pod was first seen.</param>
public sealed record PodPicture(string Name, PodPhase Phase, DateTimeOffset Since, TimeSpan? Limit, DateTimeOffset Made)
{
    /// <summary><c>[nnnn|i...|....|....|....|....] image 42 s of 30 min 0 s</c>.</summary>
    /// <param name="cells">Cells of the bar for each phase; that of the present one fills as its limit comes near.</param>
    internal string Line(DateTimeOffset now, int cells)
    {
        var phases = Enum.GetValues<PodPhase>().Where(phase => phase is not PodPhase.Served);
        var spent = now - Since;
        var bar = string.Join(cells > 1 ? "|" : "", phases.Select(phase =>
        {
            var full = phase < Phase ? cells : phase > Phase ? 0 : Math.Clamp(Limit is { } limit && limit > TimeSpan.Zero ? (int)Math.Ceiling(cells * (spent / limit)) : 1, 1, cells);
            return new string(PodPhaseNames.Letter(phase.Text()), full).PadRight(cells, '.');
        }));
        return Phase is PodPhase.Served
            ? $"[{bar}] serves, after {Spans.Text(Since - Made)}"
            : $"[{bar}] {Phase.Text()} {Spans.Text(spent)}{(Limit is { } most ? $" of {Spans.Text(most)}" : "")}";
    }
}

/// <summary>How far a roll-out is now; without a picture it has ended.</summary>
public sealed record RolloutSeen(RolloutPicture? Picture) : LiveEvent;
