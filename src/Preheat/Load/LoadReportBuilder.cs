using System.Globalization;

namespace Preheat.Load;

/// <summary>Computes the report from the records of the requests; knows no clock and no network.</summary>
internal sealed class LoadReportBuilder(LoadOptions options, DateTimeOffset began)
{
    private const int MostSlices = 120;
    private const int MostSamples = 2000;

    private static readonly double[] CurvePercents = [.. Enumerable.Range(0, 100).Select(p => (double)p), 99.5, 99.9, 99.99, 100];

    public int Planned { get; init; } = options.Requests;

    /// <summary>First planned send, nanoseconds of the run's clock.</summary>
    public long Origin { get; init; }

    public bool Interrupted { get; init; }

    public int Abandoned { get; init; }

    public string? Simulated { get; init; }

    /// <param name="records">In the order they were planned; may be empty when the run was interrupted early.</param>
    public LoadReport Build(IReadOnlyList<RequestRecord> records)
    {
        var latencies = Distribution.Sort(records.Select(record => record.Latency));
        var (earliest, latest, end) = records.Count == 0
            ? (Origin, Origin, Origin)
            : (records.Min(record => record.Sent), records.Max(record => record.Sent), records.Max(record => record.End));
        var attack = (latest - earliest) / 1e9;
        var wall = (end - earliest) / 1e9;
        var good = records.Where(record => record.Succeeded).ToList();
        var streams = good.Where(record => record.FirstContent is not null).ToList();
        var criterion = new GoodRequest(options.Objectives);
        var met = records.Count(criterion.IsMetBy);
        // Requests that were abandoned were sent too, and the last of them no earlier than the schedule had it.
        var sent = records.Count + Abandoned;
        var lastSend = Abandoned == 0 ? latest - Origin : Math.Max(latest - Origin, (long)((sent - 1) / options.Rate * 1e9));
        var achieved = sent == 0 ? 0 : sent / ((lastSend / 1e9) + (1 / options.Rate));
        long outputTokens = good.Sum(record => (long)(record.OutputTokens ?? 0));
        var chunks = streams.Sum(record => (long)record.ContentChunks);
        var report = new LoadReport
        {
            Latencies = Figures(latencies),
            BytesIn = Bytes(records, record => record.BytesIn),
            BytesOut = Bytes(records, record => record.BytesOut),
            Earliest = began.AddTicks(earliest / 100),
            Latest = began.AddTicks(latest / 100),
            End = began.AddTicks(end / 100),
            Duration = latest - earliest,
            Wait = end - latest,
            Requests = records.Count,
            // vegeta: with one request, and so no duration, both are plain counts.
            Rate = attack > 0 ? records.Count / attack : records.Count,
            Throughput = attack > 0 ? good.Count / wall : good.Count,
            Success = Share(good.Count, records.Count),
            StatusCodes = new SortedDictionary<string, int>(
                records.GroupBy(record => record.Status).ToDictionary(group => group.Key.ToString(CultureInfo.InvariantCulture), group => group.Count()), StringComparer.Ordinal),
            Errors = [.. records.Where(record => record.Error is not null).OrderBy(record => record.End).Select(record => record.Error!).Distinct(StringComparer.Ordinal)],
            RequestedRate = options.Rate,
            AchievedRate = achieved,
            Valid = records.Count > 0 && achieved / options.Rate >= LoadReport.LowestValidRate,
            Planned = Planned,
            Interrupted = Interrupted,
            Abandoned = Abandoned,
            Timeout = options.Timeout.Ticks * 100,
            Simulated = Simulated,
            ScheduleDelay = Distribution.Of(records.Select(record => record.Sent - record.Planned)),
            Ttft = Distribution.Of(streams.Select(record => record.FirstContent!.Value - record.Planned)),
            TtftFromSend = Distribution.Of(streams.Select(record => record.FirstContent!.Value - record.Sent)),
            TtftVisible = Distribution.Of(streams.Where(record => record.FirstVisible is not null).Select(record => record.FirstVisible!.Value - record.Planned)),
            Tpot = Distribution.Of(streams.Where(record => record.TimePerOutputToken is not null).Select(record => record.TimePerOutputToken!.Value)),
            ChunkGap = Distribution.Of(streams.SelectMany(record => record.ChunkGaps ?? [])),
            E2e = Distribution.Of(streams.Select(record => record.LastContent!.Value - record.Planned)),
            OutputTokens = outputTokens,
            TokensFromChunks = good.Count(record => record.TokensFromChunks),
            TokensPerChunk = chunks == 0 ? null : (double)streams.Sum(record => (long)(record.OutputTokens ?? 0)) / chunks,
            OutputTokensPerSecond = wall > 0 ? outputTokens / wall : 0,
            Goodput = wall > 0 ? met / wall : met,
            Attainment = Share(met, records.Count),
            GoodRequest = criterion.Texts,
            Failures = Failures(records),
            Timeline = Timeline(records),
            Samples = [.. Spread(records).Select(record => new LatencySample(record.Planned - Origin, record.Latency, record.Status))],
            Curve = latencies.Length == 0 ? [] : [.. CurvePercents.Select(percent => new CurvePoint(percent, Distribution.Rank(latencies, percent)))],
        };
        return report with { Objectives = [.. options.Objectives.Select(objective => Evaluate(objective, report))] };
    }

    private static ObjectiveOutcome Evaluate(Objective objective, LoadReport report)
    {
        var any = report.Requests > 0;
        double? observed = objective.Metric switch
        {
            "success" => any ? report.Success * 100 : null,
            "attainment" => any ? report.Attainment * 100 : null,
            "rate" => report.AchievedRate,
            "throughput" => report.Throughput,
            "goodput" => report.Goodput,
            "output_tokens" => report.OutputTokensPerSecond,
            "latency" => any ? Latency(report.Latencies, objective.Statistic!) : null,
            "ttft" => report.Ttft?.Get(objective.Statistic!),
            "ttft_visible" => report.TtftVisible?.Get(objective.Statistic!),
            "tpot" => report.Tpot?.Get(objective.Statistic!),
            "chunk_gap" => report.ChunkGap?.Get(objective.Statistic!),
            "e2e" => report.E2e?.Get(objective.Statistic!),
            "schedule_delay" => report.ScheduleDelay?.Get(objective.Statistic!),
            _ => throw new InvalidOperationException($"no metric '{objective.Metric}'"),
        };
        return new(objective.ToString(), objective.IsMet(observed), objective.Show(observed));
    }

    private static double Latency(LatencyFigures latencies, string statistic) => statistic switch
    {
        "min" => latencies.Min,
        "mean" => latencies.Mean,
        "p50" => latencies.P50,
        "p90" => latencies.P90,
        "p95" => latencies.P95,
        "p99" => latencies.P99,
        _ => latencies.Max,
    };

    private static LatencyFigures Figures(long[] sorted)
    {
        var all = Distribution.OfSorted(sorted);
        return new()
        {
            Total = (long)Distribution.Sum(sorted),
            Mean = all?.Mean ?? 0,
            P50 = all?.P50 ?? 0,
            P90 = all?.P90 ?? 0,
            P95 = all?.P95 ?? 0,
            P99 = all?.P99 ?? 0,
            Max = all?.Max ?? 0,
            Min = all?.Min ?? 0,
        };
    }

    private static ByteFigures Bytes(IReadOnlyList<RequestRecord> records, Func<RequestRecord, long> of)
    {
        var total = records.Sum(of);
        return new(total, records.Count == 0 ? 0 : (double)total / records.Count);
    }

    private static double Share(int part, int whole) => whole == 0 ? 0 : (double)part / whole;

    private static List<FailureGroup> Failures(IReadOnlyList<RequestRecord> records) =>
    [
        .. records
            .Where(record => record.Failure is not null)
            .GroupBy(record => (Kind: record.Failure!.Value, Error: record.Error ?? ""))
            .Select(group => new FailureGroup(
                System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(group.Key.Kind.ToString()),
                group.Key.Error,
                group.Count(),
                group.Select(record => record.Detail).FirstOrDefault(detail => !string.IsNullOrEmpty(detail))))
            .OrderByDescending(group => group.Count)
            .ThenBy(group => group.Error, StringComparer.Ordinal),
    ];

    private List<TimelineSlice> Timeline(IReadOnlyList<RequestRecord> records)
    {
        if (records.Count == 0)
            return [];
        var seconds = Math.Max(1, (int)Math.Ceiling(Planned / options.Rate / MostSlices));
        var slice = seconds * 1_000_000_000L;
        var timeline = new List<TimelineSlice>();
        foreach (var group in records.GroupBy(record => (record.Planned - Origin) / slice))
        {
            var latencies = Distribution.Sort(group.Select(record => record.Latency));
            timeline.Add(new(
                group.Key * slice, latencies.Length, group.Count(record => !record.Succeeded), Distribution.Rank(latencies, 50), Distribution.Rank(latencies, 95), latencies[^1]));
        }
        return timeline;
    }

    private static IEnumerable<RequestRecord> Spread(IReadOnlyList<RequestRecord> records)
    {
        var count = Math.Min(records.Count, MostSamples);
        for (var i = 0; i < count; i++)
            yield return records[(int)((long)i * records.Count / count)];
    }
}
