using System.Globalization;
using Preheat.Load;

namespace Preheat.Reports;

/// <summary>The load test's part of the page.</summary>
internal static class LoadSection
{
    public static Html Write(LoadReport report) => Html.Of($"""
        <section id="load"><h2>Load test</h2>
        <p class="soft">{report.Planned} requests planned at {report.RequestedRate:0.##}/s, {report.Requests} measured; time-out {GoDuration.Format(report.Timeout)}. Timed from the planned send.</p>
        {Invalid(report)}{Objectives(report)}{Figures(report)}
        {(report.Requests == 0 ? Html.Empty : Charts(report))}
        {Codes(report)}{Failures(report)}
        <details><summary>The same in vegeta's form</summary><pre>{report.ToText()}</pre></details>
        <details><summary>What the figures mean</summary><dl>{Html.Join(report.Definitions.OrderBy(each => each.Key, StringComparer.Ordinal).Select(each => Html.Of($"<dt>{each.Key}</dt><dd>{each.Value}</dd>")))}</dl></details>
        </section>

        """);

    private static Html Invalid(LoadReport report)
    {
        if (report.Interrupted)
            return Html.Of($"""<p class="failure" id="interrupted">Interrupted: {report.Abandoned} requests were in flight and count nowhere.</p>""");
        return report.Valid
            ? Html.Empty
            : Html.Of($"""<p class="failure" id="invalid">Not valid: {report.RequestedRate:0.##} requests/s were asked for, {report.AchievedRate:0.##} were sent.</p>""");
    }

    private static Html Objectives(LoadReport report) => report.Objectives.Count == 0
        ? Html.Empty
        : Html.Of($"""
            <div class="scroll"><table id="objectives"><tr><th>Objective</th><th>Observed</th><th></th></tr>
            {Html.Join(report.Objectives.Select(each => Html.Of($"<tr><td><code>{each.Objective}</code></td><td>{each.Observed}</td><td>{HtmlReport.Verdict(each.Met, "met", "missed")}</td></tr>\n")))}</table></div>
            """);

    private static Html Figures(LoadReport report)
    {
        var latencies = report.Latencies;
        var rows = new List<Html>
        {
            report.Requests == 0
                ? Html.Empty
                : Row("Latency", latencies.Min, latencies.Mean, latencies.P50, latencies.P90, latencies.P95, latencies.P99, latencies.Max),
            Row("Time to first token (TTFT)", report.Ttft),
            Row("Time per output token (TPOT)", report.Tpot),
            Row("Chunk gap", report.ChunkGap),
            Row("End to end (last token)", report.E2e),
            Row("Schedule delay", report.ScheduleDelay),
        };
        return Html.Of($"""
            <h3>Times</h3><div class="scroll"><table id="times"><tr><th></th><th class="num">min</th><th class="num">mean</th><th class="num">p50</th><th class="num">p90</th><th class="num">p95</th><th class="num">p99</th><th class="num">max</th></tr>
            {Html.Join(rows)}</table></div>
            <h3>Rates</h3><div class="scroll"><table id="rates"><tr><th class="num">sent</th><th class="num">successes</th><th class="num">good requests</th><th class="num">output tokens</th><th class="num">bytes in</th><th class="num">bytes out</th></tr>
            <tr><td class="num">{report.AchievedRate:0.##}/s</td><td class="num">{report.Throughput:0.##}/s</td><td class="num">{report.Goodput:0.##}/s ({report.Attainment * 100:0.##}%)</td><td class="num">{report.OutputTokensPerSecond:0.#}/s</td><td class="num">{report.BytesIn.Mean:0} each</td><td class="num">{report.BytesOut.Mean:0} each</td></tr></table></div>
            {(report.GoodRequest.Count == 0 ? Html.Empty : Html.Of($"<p class=\"soft\">A good request: {string.Join(", ", report.GoodRequest)}.</p>"))}
            """);
    }

    private static Html Row(string name, Distribution? of) => of is null ? Html.Empty : Row(name, of.Min, of.Mean, of.P50, of.P90, of.P95, of.P99, of.Max);

    private static Html Row(string name, params long[] values) =>
        Html.Of($"""<tr><td>{name}</td>{Html.Join(values.Select(value => Html.Of($"<td class=\"num\">{GoDuration.FormatRounded(value)}</td>")))}</tr>""" + $"\n");

    private static Html Charts(LoadReport report) => Html.Of($"""
        <h3>Latency over the run</h3>
        <p class="legend"><span>{Key("""<path class="ok" d="M11 6h.01"/>""")}success</span><span>{Key("""<path class="failed" d="M8 3l6 6m0 -6l-6 6"/>""")}failure</span><span>{Key("""<path class="p50" d="M1 6h20"/>""")}median</span><span>{Key("""<path class="p95" d="M1 6h20"/>""")}95th percentile</span></p>
        <div class="scroll">{LatencyCharts.OverTime(report)}</div>
        <h3>Latency by percentile</h3>
        <div class="scroll">{LatencyCharts.Curve(report)}</div>
        """);

    private static Html Key(string mark) => new($"""<svg viewBox="0 0 22 12" aria-hidden="true">{mark}</svg>""");

    private static Html Codes(LoadReport report) => Html.Of($"""
        <h3>Status codes</h3><div class="scroll"><table id="codes"><tr><th>Status</th><th class="num">Requests</th><th class="num">Share</th></tr>
        {Html.Join(report.StatusCodes.OrderBy(each => each.Key, StringComparer.Ordinal).Select(each => Html.Of($"<tr><td>{each.Key}{(each.Key == "0" ? " (no complete answer)" : "")}</td><td class=\"num\">{each.Value}</td><td class=\"num\">{(double)each.Value / report.Requests * 100:0.##}%</td></tr>\n")))}</table></div>
        """);

    private static Html Failures(LoadReport report) => report.Failures.Count == 0
        ? Html.Empty
        : Html.Of($"""
            <h3>Failures</h3><div class="scroll"><table id="failures"><tr><th>Kind</th><th>Error</th><th class="num">Requests</th><th>The server said</th></tr>
            {Html.Join(report.Failures.Take(50).Select(each => Html.Of($"<tr><td>{each.Kind}</td><td>{each.Error}</td><td class=\"num\">{each.Count.ToString(CultureInfo.InvariantCulture)}</td><td>{each.Example ?? ""}</td></tr>\n")))}</table></div>
            """);
}
