using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using Preheat.Images;
using Preheat.Kubernetes;
using Preheat.Load;
using Preheat.Models;
using Preheat.Reports;
using Preheat.Smoke;

namespace Preheat.Tests.Reports;

public class HtmlReportTests
{
    private static readonly DateTimeOffset Began = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static LoadReport Load(int requests = 200, params string[] objectives)
    {
        var options = new LoadOptions { Rate = 10, Duration = TimeSpan.FromSeconds(requests / 10.0), Objectives = Objective.ParseAll(objectives, new List<string>()) };
        var random = new Random(7);
        var records = Enumerable.Range(0, requests).Select(i =>
        {
            var planned = i * 100_000_000L;
            var latency = (long)((0.4 + (random.NextDouble() * 0.3) + (i > requests / 2 ? (i - (requests / 2)) * 0.02 : 0)) * 1e9);
            var record = new RequestRecord { Planned = planned, Sent = planned + 40_000, End = planned + latency, Status = 200, BytesIn = 2400, BytesOut = 235 };
            if (i % 40 == 39)
            {
                record.Fail(i % 80 == 79 ? FailureKind.Timeout : FailureKind.Status, i % 80 == 79 ? "deadline exceeded" : "503 Service Unavailable", "the <b>queue</b> is full");
                record.Status = i % 80 == 79 ? 0 : 503;
                return record;
            }
            (record.FirstContent, record.FirstVisible, record.LastContent) = (planned + (latency / 5), planned + (latency / 5), planned + latency - 1_000_000);
            (record.OutputTokens, record.ContentChunks) = (128, 128);
            record.ChunkGaps = [latency / 160, latency / 150];
            return record;
        });
        return new LoadReportBuilder(options, Began) { Planned = requests, Simulated = "simulated: profile nvidia-l4, time-scale 120" }.Build([.. records]);
    }

    private static ReportContent Full() => new()
    {
        Deployment = "tiny-gemma-2",
        Started = Began,
        Ended = Began.AddSeconds(83),
        Model = new ModelSnapshot
        {
            Reference = "hf://preheat/tiny-gemma-2",
            Name = "preheat/tiny-gemma-2",
            Revision = "4f0e1d2c3b4a59687766554433221100ffeeddcc",
            Files = [new("config.json", 700, null, "a"), new("model-00001-of-00004.safetensors", 16_777_216, new string('a', 64), "b")],
            Parameters = 33_554_432,
            DType = "BF16",
            Architecture = "Gemma2ForCausalLM",
            WeightBytes = 67_108_864,
            License = "apache-2.0",
        },
        Image = new ServingImage
        {
            Reference = "local-docker.pkg.dev/preheat/models/tiny-gemma-2@sha256:" + new string('c', 64),
            Digest = "sha256:" + new string('c', 64),
            Size = 70_000_000,
            Layers = 6,
            Region = "local",
            ModelPath = "/models/tiny-gemma-2",
            BaseImage = "vllm/vllm-openai@sha256:" + new string('d', 64),
        },
        Rollout = new Rollout
        {
            Revision = "1",
            ImageDigest = "sha256:" + new string('c', 64),
            Endpoint = new ServingEndpoint(EndpointKind.ServiceProxy, "default", "vllm-tiny-gemma-2", "8000", "preheat/tiny-gemma-2"),
            ColdStart = [new("node", 1.02, 118), new("image", 0.61, 66.4), new("container", 0.05, 2.1), new("weights", 0.31, 31.7), new("ready", 0.2, 10)],
        },
        Smoke = new SmokeReport
        {
            Checks = [new("/health answers 200", true, "200", 0.004), new("/version is stated", true, "0.11.1", 0.002)],
            ServerVersion = "0.11.1",
            ServedModelName = "preheat/tiny-gemma-2",
            Seconds = 0.9,
        },
        Load = Load(200, "success>=95", "p95<=30s"),
        Steps = [new("ResolveModel", "up to date", 0.3), new("BakeImage", "done", 14.2, "6 layers, 1 pushed")],
        Simulated = "simulated: profile nvidia-l4, time-scale 120",
    };

    private static IDocument Parse(ReportContent content) => new HtmlParser(new HtmlParserOptions { IsStrictMode = true }).ParseDocument(HtmlReport.Render(content));

    [Fact]
    public void Is_well_formed_and_shows_every_part()
    {
        var page = Parse(Full());
        page.QuerySelector("h1")!.TextContent.ShouldBe("tiny-gemma-2");
        page.QuerySelector("#outcome")!.TextContent.ShouldBe("passed");
        page.QuerySelector("#stamp")!.TextContent.ShouldBe("simulated: profile nvidia-l4, time-scale 120");
        page.QuerySelectorAll("section").Select(section => section.Id).ShouldBe(["deployed", "cold-start", "smoke", "load", "steps"]);
        page.QuerySelector("#deployed")!.TextContent.ShouldContain("66.8 MiB in 6 layers");
        page.QuerySelector("#deployed")!.TextContent.ShouldContain("33.6 million parameters");
        page.QuerySelectorAll("#smoke td.num").Count.ShouldBe(2);
        page.QuerySelectorAll("#objectives .good").Count.ShouldBe(2);
    }

    [Fact]
    public void Needs_nothing_from_outside_the_page()
    {
        var page = Parse(Full());
        page.QuerySelectorAll("script, link, img, iframe, object, embed, [src], [href], [onload], [onclick]").ShouldBeEmpty();
        var text = HtmlReport.Render(Full());
        text.ShouldNotContain("url(");
        text.ShouldNotContain("@import");
        text.ShouldContain("default-src 'none'");
    }

    [Fact]
    public void The_same_content_gives_the_same_bytes() => HtmlReport.Render(Full()).ShouldBe(HtmlReport.Render(Full()));

    [Fact]
    public void Cold_start_bars_follow_one_another_and_show_both_times()
    {
        var bars = Parse(Full()).QuerySelectorAll("#cold-start rect");
        bars.Length.ShouldBe(5);
        double Number(IElement bar, string name) => double.Parse(bar.GetAttribute(name)!, System.Globalization.CultureInfo.InvariantCulture);
        for (var i = 1; i < bars.Length; i++)
            Number(bars[i], "x").ShouldBe(Number(bars[i - 1], "x") + Number(bars[i - 1], "width"), 1.5);
        (Number(bars[0], "width") / Number(bars[1], "width")).ShouldBe(118 / 66.4, 0.05);
        bars[0].TextContent.ShouldBe("node: 118 s simulated · 1.02 s measured");
    }

    [Fact]
    public void On_real_infrastructure_bars_are_measured_and_nothing_is_stamped()
    {
        var full = Full();
        var page = Parse(full with
        {
            Simulated = null,
            Load = full.Load! with { Simulated = null },
            Rollout = full.Rollout! with { ColdStart = [new("node", 120, null), new("image", 300.4, null)] },
        });
        page.QuerySelector("#stamp").ShouldBeNull();
        page.QuerySelectorAll("#cold-start rect")[1].TextContent.ShouldBe("image: 5 min 0 s");
        page.QuerySelector(".tile b")!.TextContent.ShouldBe("7m0s");
    }

    [Fact]
    public void Every_sampled_request_is_a_mark_and_failures_are_crosses()
    {
        var load = Full().Load!;
        var page = Parse(Full());
        page.QuerySelector("#load path.ok[d^='M']:not([d='M11 6h.01'])")!.GetAttribute("d")!.Split("h.01").Length.ShouldBe(load.Samples.Count(sample => sample.Status == 200) + 1);
        page.QuerySelectorAll("#load path.failed").Last().GetAttribute("d")!.Split("m-3 -3").Length.ShouldBe(5 + 1);
        page.QuerySelector("#codes")!.TextContent.ShouldContain("0 (no complete answer)");
    }

    [Fact]
    public void Text_from_a_server_cannot_become_markup()
    {
        const string Evil = "</style><script>alert(1)</script><img src=x onerror=alert(1)>\"'&";
        var full = Full();
        var page = Parse(full with
        {
            Deployment = Evil,
            Failure = Evil,
            Simulated = Evil,
            Model = full.Model! with { Name = Evil, License = Evil },
            Smoke = full.Smoke! with { Checks = [new(Evil, false, Evil, 1)], ServerVersion = Evil },
            Rollout = full.Rollout! with { ColdStart = [new(Evil, 1, 2)] },
            Load = full.Load! with { Errors = [Evil], Failures = [new(Evil, Evil, 1, Evil)], Objectives = [new(Evil, false, Evil)], StatusCodes = new Dictionary<string, int> { [Evil] = 1 } },
            Steps = [new(Evil, Evil, 1, Evil)],
        });
        page.QuerySelectorAll("script, img").ShouldBeEmpty();
        page.QuerySelector("h1")!.TextContent.ShouldBe(Evil);
        page.QuerySelector("#failures")!.TextContent.ShouldContain(Evil);
    }

    [Fact]
    public void A_run_that_reached_nothing_says_so()
    {
        var page = Parse(new ReportContent { Deployment = "x", Started = Began, Ended = Began, Failure = "No such model." });
        page.QuerySelector("#outcome")!.TextContent.ShouldBe("failed");
        page.QuerySelector("#failure")!.TextContent.ShouldBe("No such model.");
        page.QuerySelectorAll("section").Select(section => section.Id).ShouldBe(["deployed", "cold-start", "smoke", "load"]);
        page.QuerySelectorAll(".tile").ShouldBeEmpty();
    }

    [Fact]
    public void The_outcome_tells_what_went_wrong()
    {
        var full = Full();
        string Outcome(ReportContent content) => Parse(content).QuerySelector("#outcome")!.TextContent;
        Outcome(full with { Load = Load(200, "success>=100") }).ShouldBe("objectives missed");
        Outcome(full with { Load = full.Load! with { Interrupted = true } }).ShouldBe("interrupted");
        Outcome(full with { Load = full.Load! with { Valid = false } }).ShouldBe("load test not valid");
        Outcome(full with { Load = null }).ShouldBe("not finished");
        Outcome(full with { Smoke = full.Smoke! with { Checks = [new("x", false, "y", 1)] } }).ShouldBe("smoke test failed");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Draws_runs_of_hardly_any_request(int requests)
    {
        var load = new LoadReportBuilder(new LoadOptions { Rate = 1 }, Began) { Planned = Math.Max(requests, 1), Interrupted = requests == 0 }.Build(
            [.. Enumerable.Range(0, requests).Select(i => new RequestRecord { Planned = i * 1_000_000_000L, Sent = i * 1_000_000_000L, End = (i * 1_000_000_000L) + 5, Status = 200 })]);
        var text = HtmlReport.Render(Full() with { Load = load });
        text.ShouldNotContain("NaN");
        text.ShouldNotContain("∞");
    }

    [Fact]
    public void Axis_ends_on_a_round_number_at_or_above_the_largest_value()
    {
        foreach (var (largest, end) in new[] { (0.9, 1.0), (1.0, 1.0), (1.01, 1.5), (7.3, 8.0), (30.001, 40.0), (599.0, 600.0), (0.0, 1e-9) })
            new Axis(largest, 0, 100).End.ShouldBe(end, end * 1e-6);
    }

    [Fact]
    public void Axis_of_seconds_counts_in_minutes_once_it_spans_some()
    {
        var minutes = new Axis(228, 0, 100, seconds: true);
        minutes.Ticks.Select(minutes.SecondsTick).ShouldBe(["0 min", "1 min", "2 min", "3 min", "4 min"]);
        var seconds = new Axis(9, 0, 100, seconds: true);
        seconds.Ticks.Select(seconds.SecondsTick).ShouldBe(["0 s", "2 s", "4 s", "6 s", "8 s", "10 s"]);
    }
}
