using System.Globalization;
using System.Text;
using Preheat.Load;

namespace Preheat.Reports;

/// <summary>Latency over the run, and the distribution of latencies.</summary>
internal static class LatencyCharts
{
    private const int Width = 960;
    private const int Height = 300;
    private const int Left = 70;
    private const int Right = 16;
    private const int Top = 12;
    private const int Bottom = 40;

    /// <summary>A mark per request where it was planned; crosses are failures. Lines are median and 95th percentile of each slice.</summary>
    public static Html OverTime(LoadReport report)
    {
        var vertical = new Axis(report.Latencies.Max, Height - Bottom, Top);
        var horizontal = new Axis(report.Planned / report.RequestedRate, Left, Width - Right, seconds: true);
        double X(long at) => horizontal.At(at / 1e9);
        var (ok, failed) = (new StringBuilder(), new StringBuilder());
        foreach (var sample in report.Samples)
        {
            var (x, y) = (Axis.Place(X(sample.At)), Axis.Place(vertical.At(sample.Latency)));
            if (sample.Status is >= 200 and < 400)
                ok.Append(CultureInfo.InvariantCulture, $"M{x} {y}h.01");
            else
                failed.Append(CultureInfo.InvariantCulture, $"M{x} {y}m-3 -3l6 6m0 -6l-6 6");
        }
        // A slice's figure stands in its middle, and the last slice may be cut short by the end of the run.
        var slice = report.Timeline.Count > 1 ? report.Timeline[1].At - report.Timeline[0].At : 0;
        Html Line(Func<TimelineSlice, long> of, string style) => report.Timeline.Count < 2
            ? Html.Empty
            : Html.Of($"""
                <polyline class="{style}" points="{string.Join(' ', report.Timeline.Select(each => $"{Axis.Place(X(each.At + (slice / 2)))},{Axis.Place(vertical.At(of(each)))}"))}"/>

                """);
        return Html.Of($"""
            <svg viewBox="0 0 {Width} {Height}" role="img" aria-label="Latency of requests over the run">
            {VerticalGrid(vertical)}
            {Html.Join(horizontal.Ticks.Select(tick => HorizontalTick(horizontal.At(tick), horizontal.SecondsTick(tick))))}
            <text x="{Width - Right}" y="{Height - 4}" class="tick" text-anchor="end">planned send, since the start</text>
            <path class="ok" d="{ok.ToString()}"/>
            <path class="failed" d="{failed.ToString()}"/>
            {Line(each => each.P95, "p95")}
            {Line(each => each.P50, "p50")}
            </svg>
            """);
    }

    /// <summary>The share of requests (by nines) against latency: the tail gets as much room as the middle.</summary>
    public static Html Curve(LoadReport report)
    {
        // Beyond one request in n there is nothing to see.
        var most = Math.Max(1, Math.Log10(Math.Max(report.Requests, 10)));
        double X(double percent) => Left + (Math.Min(most, percent >= 100 ? most : -Math.Log10(1 - (percent / 100))) / most * (Width - Right - Left));
        var vertical = new Axis(report.Latencies.Max, Height - Bottom, Top);
        var known = report.Curve.Where(point => point.Percent >= 100 || -Math.Log10(1 - (point.Percent / 100)) <= most).ToList();
        // Nearest rank: the latency holds up to its percentile, so the line is a staircase.
        var path = new StringBuilder();
        foreach (var point in known)
        {
            var (x, y) = (Axis.Place(X(point.Percent)), Axis.Place(vertical.At(point.Latency)));
            path.Append(path.Length == 0 ? $"M{Left} {y}H{x}" : $"V{y}H{x}");
        }
        double[] marks = [0, 50, 90, 95, 99, 99.9, 99.99];
        return Html.Of($"""
            <svg viewBox="0 0 {Width} {Height}" role="img" aria-label="Latency by percentile">
            {VerticalGrid(vertical)}
            {Html.Join(marks.Where(mark => -Math.Log10(1 - (mark / 100)) <= most).Select(mark => HorizontalTick(X(mark), FormattableString.Invariant($"{mark:0.##} %"))))}
            <text x="{Width - Right}" y="{Height - 4}" class="tick" text-anchor="end">share of requests at or below</text>
            <path class="curve" d="{path.ToString()}"/>
            </svg>
            """);
    }

    private static Html VerticalGrid(Axis axis) => Html.Join(axis.Ticks.Select(tick => Html.Of($"""
        <line x1="{Left}" y1="{Axis.Place(axis.At(tick))}" x2="{Width - Right}" y2="{Axis.Place(axis.At(tick))}" class="grid"/><text x="{Left - 8}" y="{Axis.Place(axis.At(tick) + 4)}" class="tick" text-anchor="end">{Axis.Duration(tick)}</text>

        """)));

    private static Html HorizontalTick(double x, string text) => Html.Of($"""
        <line x1="{Axis.Place(x)}" y1="{Height - Bottom}" x2="{Axis.Place(x)}" y2="{Height - Bottom + 5}" class="grid"/><text x="{Axis.Place(x)}" y="{Height - Bottom + 18}" class="tick" text-anchor="middle">{text}</text>

        """);
}
