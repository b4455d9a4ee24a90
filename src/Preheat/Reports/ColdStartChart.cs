using Preheat.Kubernetes;

namespace Preheat.Reports;

/// <summary>The cold start as a time line: one bar per phase, each beginning where the one before ended.</summary>
internal static class ColdStartChart
{
    private const int Width = 960;
    private const int Left = 110;
    private const int Right = 230;
    private const int RowHeight = 34;
    private const int Top = 8;
    private const int AxisHeight = 28;

    public static Html Draw(Rollout rollout)
    {
        var phases = rollout.ColdStart;
        // Bars have one scale: the hardware's own time where it is known, else what the clock said.
        var (measured, simulated) = rollout.ColdStartTotal();
        var length = simulated ?? measured;
        var axis = new Axis(length, Left, Width - Right, seconds: true);
        var bottom = Top + (phases.Count * RowHeight);
        var rows = new List<Html>();
        double start = 0;
        for (var i = 0; i < phases.Count; i++)
        {
            var phase = phases[i];
            var seconds = simulated is null ? phase.Seconds : phase.SimulatedSeconds!.Value;
            rows.Add(Row(phase, i, axis, start, seconds));
            start += seconds;
        }
        var unit = simulated is null ? "measured" : "simulated";
        return Html.Of($"""
            <svg viewBox="0 0 {Width} {bottom + AxisHeight}" role="img" aria-label="Cold start by phase, {Seconds(length)} {unit}">
            {Grid(axis, bottom)}
            {Html.Join(rows)}
            </svg>
            """);
    }

    /// <summary>Seconds for people: <c>0.52 s</c>, <c>118 s</c>, <c>4 min 30 s</c>.</summary>
    public static string Seconds(double seconds)
    {
        if (seconds < 10)
            return FormattableString.Invariant($"{seconds:0.##} s");
        if (seconds < 120)
            return FormattableString.Invariant($"{seconds:0.#} s");
        var whole = (long)Math.Round(seconds);
        return FormattableString.Invariant($"{whole / 60} min {whole % 60} s");
    }

    private static Html Row(ColdStartPhase phase, int index, Axis axis, double start, double seconds)
    {
        var y = Top + (index * RowHeight);
        var (from, to) = (axis.At(start), axis.At(start + seconds));
        var label = phase.SimulatedSeconds is { } simulated ? $"{Seconds(simulated)} simulated · {Seconds(phase.Seconds)} measured" : Seconds(phase.Seconds);
        return Html.Of($"""
            <text x="{Left - 10}" y="{y + 21}" class="name" text-anchor="end">{phase.Phase}</text>
            <rect x="{Axis.Place(from)}" y="{y + 6}" width="{Axis.Place(Math.Max(2, to - from))}" height="{RowHeight - 12}" rx="3" class="bar"><title>{phase.Phase}: {label}</title></rect>
            <text x="{Axis.Place(Math.Max(to, from + 2) + 8)}" y="{y + 21}" class="value">{label}</text>

            """);
    }

    private static Html Grid(Axis axis, int bottom) => Html.Join(axis.Ticks.Select(tick => Html.Of($"""
        <line x1="{Axis.Place(axis.At(tick))}" y1="{Top}" x2="{Axis.Place(axis.At(tick))}" y2="{bottom}" class="grid"/><text x="{Axis.Place(axis.At(tick))}" y="{bottom + 18}" class="tick" text-anchor="middle">{axis.SecondsTick(tick)}</text>

        """)));
}
