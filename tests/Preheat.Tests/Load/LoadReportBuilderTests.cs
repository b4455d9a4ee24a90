using Preheat.Load;

namespace Preheat.Tests.Load;

public class LoadReportBuilderTests
{
    private const long Ms = 1_000_000;

    private static readonly DateTimeOffset Began = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static LoadReport Build(LoadOptions options, params RequestRecord[] records) =>
        new LoadReportBuilder(options, Began) { Planned = records.Length }.Build(records);

    private static LoadOptions Rate(double rate, params string[] objectives) => new() { Rate = rate, Objectives = Objective.ParseAll(objectives, new List<string>()) };

    private static RequestRecord Answered(long planned, long late, long latency, int status = 200) =>
        new() { Planned = planned * Ms, Sent = (planned + late) * Ms, End = (planned + latency) * Ms, Status = status, BytesIn = 10, BytesOut = 4 };

    private static RequestRecord Streamed(long planned, long first, long last, int tokens)
    {
        var record = Answered(planned, 0, last);
        record.FirstContent = record.FirstVisible = (planned + first) * Ms;
        record.LastContent = (planned + last) * Ms;
        record.OutputTokens = tokens;
        record.ContentChunks = Math.Min(tokens, 2);
        return record;
    }

    [Fact]
    public void Rate_throughput_and_wait_follow_vegetas_formulas()
    {
        var report = Build(Rate(10), Answered(0, 0, 50), Answered(100, 0, 50), Answered(200, 0, 300, 0), Answered(300, 0, 700));
        report.Duration.ShouldBe(300 * Ms);
        report.Wait.ShouldBe(700 * Ms);
        report.Rate.ShouldBe(4 / 0.3, 1e-9);
        report.Throughput.ShouldBe(3 / 1.0, 1e-9);
        report.Success.ShouldBe(0.75);
        report.Earliest.ShouldBe(Began);
        report.End.ShouldBe(Began.AddSeconds(1));
        report.BytesIn.ShouldBe(new ByteFigures(40, 10));
    }

    [Fact]
    public void With_one_request_rate_and_throughput_are_counts()
    {
        var report = Build(Rate(10), Answered(0, 0, 50));
        report.Rate.ShouldBe(1);
        report.Throughput.ShouldBe(1);
        report.Duration.ShouldBe(0);
    }

    [Fact]
    public void Latency_counts_from_the_planned_send_and_the_delay_is_shown_beside_it()
    {
        var report = Build(Rate(10), Answered(0, 40, 50));
        report.Latencies.Max.ShouldBe(50 * Ms);
        report.ScheduleDelay!.Max.ShouldBe(40 * Ms);
    }

    [Fact]
    public void Redirects_are_successes_and_other_statuses_are_not() =>
        Build(Rate(10), Answered(0, 0, 1, 200), Answered(100, 0, 1, 399), Answered(200, 0, 1, 400), Answered(300, 0, 1, 199), Answered(400, 0, 1, 0))
            .Success.ShouldBe(0.4);

    [Fact]
    public void Percentiles_are_by_nearest_rank()
    {
        var report = Build(Rate(10), [.. Enumerable.Range(1, 100).Select(i => Answered(i * 100, 0, i))]);
        report.Latencies.P50.ShouldBe(50 * Ms);
        report.Latencies.P90.ShouldBe(90 * Ms);
        report.Latencies.P95.ShouldBe(95 * Ms);
        report.Latencies.P99.ShouldBe(99 * Ms);
        report.Latencies.Min.ShouldBe(1 * Ms);
        report.Latencies.Mean.ShouldBe((long)(50.5 * Ms));
    }

    [Fact]
    public void A_run_below_98_percent_of_the_rate_asked_for_is_not_valid()
    {
        // The schedule is 10/s; each request goes out a little later than the one before.
        Build(Rate(10), [.. Enumerable.Range(0, 100).Select(i => Answered(i * 100, i, i + 5))]).Valid.ShouldBeTrue();
        var slow = Build(Rate(10), [.. Enumerable.Range(0, 100).Select(i => Answered(i * 100, i * 4, (i * 4) + 5))]);
        slow.Valid.ShouldBeFalse();
        slow.AchievedRate.ShouldBe(100 / (9.9 + 0.396 + 0.1), 1e-6);
    }

    [Fact]
    public void An_invalid_run_fails_its_objectives_although_they_are_met()
    {
        var report = Build(Rate(10, "success>=99"), Answered(0, 500, 501));
        report.ObjectivesMet.ShouldBeTrue();
        Should.Throw<PreheatException>(report.ThrowIfMissed).Message.ShouldContain("not valid");
    }

    [Fact]
    public void A_missed_objective_ends_with_exit_3_and_tells_what_was_observed()
    {
        var report = Build(Rate(10, "success>=99", "p95<=2s"), Answered(0, 0, 50), Answered(100, 0, 50, 503));
        report.Objectives.ShouldBe([new("success>=99", false, "50%"), new("p95<=2s", true, "50ms")]);
        var thrown = Should.Throw<ObjectivesMissedException>(report.ThrowIfMissed);
        thrown.ExitCode.ShouldBe(3);
        thrown.Message.ShouldContain("success>=99 (observed 50%)");
        thrown.Message.ShouldNotContain("p95");
    }

    [Fact]
    public void What_was_not_measured_does_not_meet_an_objective() =>
        Build(Rate(10, "ttft_p95<=10s"), Answered(0, 0, 50)).Objectives.ShouldBe([new("ttft_p95<=10s", false, "not measured")]);

    [Fact]
    public void Ninety_nine_of_a_hundred_is_99_percent() =>
        Build(Rate(10, "success>=99"), [.. Enumerable.Range(0, 100).Select(i => Answered(i * 100, 0, 1, i == 7 ? 500 : 200))]).ObjectivesMet.ShouldBeTrue();

    [Fact]
    public void Tpot_divides_by_one_token_less_and_is_undefined_for_one_token()
    {
        var report = Build(Rate(10), Streamed(0, 100, 1000, 10), Streamed(100, 200, 200, 1));
        report.Tpot!.Count.ShouldBe(1);
        report.Tpot.P50.ShouldBe(100 * Ms);
        report.Ttft!.Count.ShouldBe(2);
        report.OutputTokens.ShouldBe(11);
        report.TokensPerChunk.ShouldBe(11 / 3.0);
    }

    [Fact]
    public void Goodput_counts_requests_that_meet_every_objective_over_the_whole_wall_time()
    {
        var report = Build(
            Rate(10, "ttft_p95<=150ms", "tpot_p99<=50ms"),
            Streamed(0, 100, 500, 11),
            Streamed(100, 100, 1100, 11),
            Streamed(200, 200, 300, 11),
            Streamed(300, 100, 100, 1),
            Answered(400, 0, 1600, 0));
        // The first, and the one of a single token, which has no TPOT to miss.
        report.Goodput.ShouldBe(2 / 2.0, 1e-9);
        report.Attainment.ShouldBe(0.4);
        report.GoodRequest.ShouldBe(["ttft<=150ms", "tpot<=50ms"]);
    }

    [Fact]
    public void A_missing_metric_is_not_good() =>
        Build(Rate(10, "ttft_p95<=10s"), Answered(0, 0, 50)).Attainment.ShouldBe(0);

    [Fact]
    public void The_widest_promise_of_a_metric_is_what_each_request_must_meet() =>
        Build(Rate(10, "p50<=1s", "p99<=5s", "mean<=1ms"), Answered(0, 0, 3000)).GoodRequest.ShouldBe(["latency<=5s"]);

    [Fact]
    public void Errors_are_unique_and_in_the_order_they_ended()
    {
        var (late, early, again) = (Answered(0, 0, 900), Answered(100, 0, 100), Answered(200, 0, 100));
        late.Fail(FailureKind.Timeout, "late");
        early.Fail(FailureKind.Connection, "early", "first said");
        again.Fail(FailureKind.Connection, "early", "second said");
        var report = Build(Rate(10), late, early, again);
        report.Errors.ShouldBe(["early", "late"]);
        report.Failures.ShouldBe([new("connection", "early", 2, "first said"), new("timeout", "late", 1, null)]);
        report.StatusCodes["0"].ShouldBe(3);
    }

    [Fact]
    public void A_run_without_a_request_is_all_zero_and_meets_nothing()
    {
        var report = new LoadReportBuilder(Rate(10, "success>=0"), Began) { Interrupted = true }.Build([]);
        report.Requests.ShouldBe(0);
        report.Valid.ShouldBeFalse();
        report.ObjectivesMet.ShouldBeFalse();
        report.ToText().ShouldContain("0, 0.00, 0.00");
        LoadReport.FromJson(report.ToJson()).Interrupted.ShouldBeTrue();
    }

    [Fact]
    public void Keeps_at_most_2000_samples_evenly_spread()
    {
        var report = Build(Rate(1000), [.. Enumerable.Range(0, 5000).Select(i => Answered(i, 0, 1))]);
        report.Samples.Count.ShouldBe(2000);
        report.Samples[^1].At.ShouldBeGreaterThan(4990 * Ms);
        report.Timeline.Sum(slice => slice.Sent).ShouldBe(5000);
    }
}
