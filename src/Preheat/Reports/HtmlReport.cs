using System.Globalization;
using Preheat.Load;

namespace Preheat.Reports;

/// <summary>The run as one self-contained page, for people who would rather look than read: no script, no address outside the page, light and dark.</summary>
public static class HtmlReport
{
    /// <summary>The page; every text is encoded. The same content gives the same bytes.</summary>
    public static string Render(ReportContent content)
    {
        var parts = new[]
        {
            Header(content),
            Tiles(content),
            Deployed(content),
            ColdStart(content),
            Smoke(content),
            content.Load is { } load ? LoadSection.Write(load) : Absent("load", "Load test", "The load test did not run."),
            Steps(content),
        };
        // The policy makes sure that the page stays self-contained whatever gets into it.
        return Html.Of($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>Preheat: {content.Deployment}</title>
            <style>
            {new Html(ReportStyle.Css)}
            </style>
            </head>
            <body><main>
            {Html.Join(parts)}
            </main></body>
            </html>

            """).Text.ReplaceLineEndings("\n");
    }

    internal static Html Verdict(bool good, string yes, string no) => good ? Html.Of($"""<span class="good">✓ {yes}</span>""") : Html.Of($"""<span class="bad">✗ {no}</span>""");

    private static Html Header(ReportContent content)
    {
        var outcome = content switch
        {
            { Failure: not null } => ("bad", "failed"),
            { Smoke.Passed: false } => ("bad", "smoke test failed"),
            { Load.Interrupted: true } => ("bad", "interrupted"),
            { Load.ObjectivesMet: false } => ("bad", "objectives missed"),
            { Load.Valid: false } => ("bad", "load test not valid"),
            { Load: null } or { Smoke: null } => ("soft", "not finished"),
            _ => ("good", "passed"),
        };
        var stamp = content.Simulated ?? content.Load?.Simulated;
        return Html.Of($"""
            <header><h1>{content.Deployment}</h1><span class="pill {outcome.Item1}" id="outcome">{outcome.Item2}</span>
            <p>{Time(content.Started)} to {Time(content.Ended)} · {ColdStartChart.Seconds((content.Ended - content.Started).TotalSeconds)}</p></header>
            {(stamp is null ? Html.Empty : Html.Of($"""<p class="stamp" id="stamp">{stamp}</p>"""))}
            {(content.Failure is null ? Html.Empty : Html.Of($"""<p class="failure" id="failure">{content.Failure}</p>"""))}

            """);
    }

    private static Html Tiles(ReportContent content)
    {
        var tiles = new List<Html>();
        if (content.Rollout is { ColdStart.Count: > 0 } rollout)
        {
            var (measured, simulated) = rollout.ColdStartTotal();
            tiles.Add(Tile(Short((long)((simulated ?? measured) * 1e9)), simulated is null ? "cold start" : "simulated cold start"));
        }
        if (content.Load is { Requests: > 0 } load)
        {
            tiles.Add(Tile(FormattableString.Invariant($"{load.Success * 100:0.##}%"), "success"));
            tiles.Add(Tile(FormattableString.Invariant($"{load.Throughput:0.##}/s"), "throughput"));
            tiles.Add(Tile(Short(load.Latencies.P50), "median latency"));
            tiles.Add(Tile(Short(load.Latencies.P95), "95th percentile"));
            if (load.Ttft is { } ttft)
                tiles.Add(Tile(Short(ttft.P50), "median TTFT"));
            if (load.OutputTokens > 0)
                tiles.Add(Tile(FormattableString.Invariant($"{load.OutputTokensPerSecond:0.#}/s"), "output tokens"));
        }
        return tiles.Count == 0 ? Html.Empty : Html.Of($"""<div class="tiles">{Html.Join(tiles)}</div>""" + $"\n");
    }

    private static Html Tile(string value, string name) => Html.Of($"<div class=\"tile\"><b>{value}</b><span>{name}</span></div>");

    private static Html Deployed(ReportContent content)
    {
        var rows = new List<Html>();
        void Add(string name, string? value)
        {
            if (value is not null)
                rows.Add(Html.Of($"<dt>{name}</dt><dd>{value}</dd>\n"));
        }
        if (content.Model is { } model)
        {
            Add("Model", $"{model.Name} at {model.Revision}");
            Add("Weights", FormattableString.Invariant($"{Bytes(model.WeightBytes)}, {Count(model.Parameters)} parameters, {model.DType}, {model.Architecture}, {model.Files.Count} files"));
            Add("Licence", model.License);
        }
        if (content.Image is { } image)
        {
            Add("Image", image.Reference);
            Add("Image size", FormattableString.Invariant($"{Bytes(image.Size)} in {image.Layers} layers"));
            Add("Base image", image.BaseImage);
            Add("Weights inside", image.ModelPath ?? "no");
        }
        if (content.Rollout is { } rollout)
        {
            Add("Revision", rollout.Revision);
            Add("Endpoint", $"{rollout.Endpoint.Namespace}/{rollout.Endpoint.Service}:{rollout.Endpoint.Port}, serving {rollout.Endpoint.ServedModelName}");
        }
        Add("Server version", content.Smoke?.ServerVersion);
        return rows.Count == 0
            ? Absent("deployed", "What was deployed", "Nothing was deployed.")
            : Html.Of($"""<section id="deployed"><h2>What was deployed</h2><dl>{Html.Join(rows)}</dl></section>""" + $"\n");
    }

    private static Html ColdStart(ReportContent content) => content.Rollout is { ColdStart.Count: > 0 } rollout
        ? Html.Of($"""<section id="cold-start"><h2>Cold start</h2><p class="soft">The first pod, from scheduling to its first token.</p><div class="scroll">{ColdStartChart.Draw(rollout)}</div></section>""" + $"\n")
        : Absent("cold-start", "Cold start", "No cold start was seen.");

    private static Html Smoke(ReportContent content) => content.Smoke is not { } smoke
        ? Absent("smoke", "Smoke test", "The smoke test did not run.")
        : Html.Of($"""
            <section id="smoke"><h2>Smoke test</h2><div class="scroll"><table><tr><th>Check</th><th></th><th>Seen</th><th class="num">Seconds</th></tr>
            {Html.Join(smoke.Checks.Select(check => Html.Of($"<tr><td>{check.Name}</td><td>{Verdict(check.Passed, "passed", "failed")}</td><td>{check.Detail}</td><td class=\"num\">{check.Seconds:0.000}</td></tr>\n")))}</table></div></section>

            """);

    private static Html Steps(ReportContent content) => content.Steps.Count == 0
        ? Html.Empty
        : Html.Of($"""
            <section id="steps"><h2>Steps</h2><div class="scroll"><table><tr><th>Step</th><th>Outcome</th><th class="num">Time</th><th></th></tr>
            {Html.Join(content.Steps.Select(step => Html.Of($"<tr><td>{step.Name}</td><td>{step.Outcome}</td><td class=\"num\">{ColdStartChart.Seconds(step.Seconds)}</td><td class=\"soft\">{step.Detail ?? ""}</td></tr>\n")))}</table></div></section>

            """);

    private static Html Absent(string id, string title, string text) => Html.Of($"""<section id="{id}"><h2>{title}</h2><p class="soft">{text}</p></section>""" + $"\n");

    /// <summary>A duration with three digits: <c>699ms</c>, <c>27.6s</c>.</summary>
    private static string Short(long nanoseconds)
    {
        long unit = 1;
        while (nanoseconds / unit >= 1000)
            unit *= 10;
        return GoDuration.Format((nanoseconds + (unit / 2)) / unit * unit);
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private static string Bytes(long bytes) => bytes switch
    {
        >= 1L << 30 => FormattableString.Invariant($"{bytes / (double)(1L << 30):0.##} GiB"),
        >= 1L << 20 => FormattableString.Invariant($"{bytes / (double)(1L << 20):0.#} MiB"),
        >= 1L << 10 => FormattableString.Invariant($"{bytes / (double)(1L << 10):0.#} KiB"),
        _ => FormattableString.Invariant($"{bytes} bytes"),
    };

    private static string Count(long count) => count switch
    {
        >= 1_000_000_000 => FormattableString.Invariant($"{count / 1e9:0.##} billion"),
        >= 1_000_000 => FormattableString.Invariant($"{count / 1e6:0.#} million"),
        _ => count.ToString(CultureInfo.InvariantCulture),
    };
}
