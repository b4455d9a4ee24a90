using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Preheat.Load;

/// <summary>vegeta's latency figures, nanoseconds.</summary>
public sealed record LatencyFigures
{
    [JsonPropertyName("total")]
    public required long Total { get; init; }

    [JsonPropertyName("mean")]
    public required long Mean { get; init; }

    [JsonPropertyName("50th")]
    public required long P50 { get; init; }

    [JsonPropertyName("90th")]
    public required long P90 { get; init; }

    [JsonPropertyName("95th")]
    public required long P95 { get; init; }

    [JsonPropertyName("99th")]
    public required long P99 { get; init; }

    [JsonPropertyName("max")]
    public required long Max { get; init; }

    [JsonPropertyName("min")]
    public required long Min { get; init; }
}

/// <summary>vegeta's byte figures: bodies only.</summary>
/// <param name="Total">Bytes of all requests.</param>
/// <param name="Mean">Bytes per request.</param>
public sealed record ByteFigures([property: JsonPropertyName("total")] long Total, [property: JsonPropertyName("mean")] double Mean);

/// <summary>Failures of one kind.</summary>
/// <param name="Kind">Label: <c>timeout</c>, <c>connection</c>, <c>status</c>, <c>streamError</c>, <c>incomplete</c>, <c>malformed</c> or <c>empty</c>.</param>
/// <param name="Error">The text that requests of this group share.</param>
/// <param name="Count">Requests.</param>
/// <param name="Example">What the server said the first time, cut short; null when it said nothing.</param>
public sealed record FailureGroup(string Kind, string Error, int Count, string? Example);

/// <summary>The requests planned within one slice of the run.</summary>
/// <param name="At">Start of the slice, nanoseconds since the first planned send.</param>
/// <param name="Sent">Requests sent.</param>
/// <param name="Failed">Of these, not successful.</param>
/// <param name="P50">Median latency of all of them, nanoseconds.</param>
/// <param name="P95">95th percentile.</param>
/// <param name="Max">Longest.</param>
public sealed record TimelineSlice(long At, int Sent, int Failed, long P50, long P95, long Max);

/// <summary>One request for a scatter plot: at most 2,000 of them are kept, evenly spread.</summary>
/// <param name="At">Planned send, nanoseconds since the first.</param>
/// <param name="Latency">Nanoseconds from the planned send to the end.</param>
/// <param name="Status">HTTP status, 0 = no complete response.</param>
public sealed record LatencySample(long At, long Latency, int Status);

/// <summary>A point of the latency distribution: <paramref name="Percent"/> of requests took at most <paramref name="Latency"/> nanoseconds.</summary>
public sealed record CurvePoint(double Percent, long Latency);

/// <summary>What a load test measured. The root of its JSON is vegeta's report; everything else has keys of its own. All durations are nanoseconds.</summary>
public sealed record LoadReport
{
    /// <summary>Lowest achieved ÷ requested rate at which a run still says what was asked.</summary>
    public const double LowestValidRate = 0.98;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    [JsonPropertyName("latencies")]
    public required LatencyFigures Latencies { get; init; }

    [JsonPropertyName("bytes_in")]
    public required ByteFigures BytesIn { get; init; }

    [JsonPropertyName("bytes_out")]
    public required ByteFigures BytesOut { get; init; }

    /// <summary>First actual send.</summary>
    [JsonPropertyName("earliest")]
    public required DateTimeOffset Earliest { get; init; }

    /// <summary>Last actual send.</summary>
    [JsonPropertyName("latest")]
    public required DateTimeOffset Latest { get; init; }

    /// <summary>End of the last answer.</summary>
    [JsonPropertyName("end")]
    public required DateTimeOffset End { get; init; }

    /// <summary>latest − earliest.</summary>
    [JsonPropertyName("duration")]
    public required long Duration { get; init; }

    /// <summary>end − latest.</summary>
    [JsonPropertyName("wait")]
    public required long Wait { get; init; }

    [JsonPropertyName("requests")]
    public required long Requests { get; init; }

    /// <summary>Requests ÷ duration, as vegeta has it (one more request than intervals); see <see cref="AchievedRate"/>.</summary>
    [JsonPropertyName("rate")]
    public required double Rate { get; init; }

    /// <summary>Successes ÷ (duration + wait).</summary>
    [JsonPropertyName("throughput")]
    public required double Throughput { get; init; }

    /// <summary>Share of requests with 200 ≤ status &lt; 400, 0 to 1.</summary>
    [JsonPropertyName("success")]
    public required double Success { get; init; }

    [JsonPropertyName("status_codes")]
    public required IReadOnlyDictionary<string, int> StatusCodes { get; init; }

    /// <summary>Unique errors, in the order they were first seen.</summary>
    [JsonPropertyName("errors")]
    public required IReadOnlyList<string> Errors { get; init; }

    /// <summary>Requests per second asked for.</summary>
    public required double RequestedRate { get; init; }

    /// <summary>Requests per second really sent: sent ÷ (last actual send − first planned send + one interval).</summary>
    public required double AchievedRate { get; init; }

    /// <summary>False when the generator fell behind: achieved ÷ requested rate &lt; <see cref="LowestValidRate"/>.</summary>
    public required bool Valid { get; init; }

    /// <summary>Requests of the whole schedule.</summary>
    public required int Planned { get; init; }

    /// <summary>True when the run was stopped early; the report then holds what had been measured.</summary>
    public bool Interrupted { get; init; }

    /// <summary>Requests in flight when the run was interrupted; they are in no other figure.</summary>
    public int Abandoned { get; init; }

    /// <summary>Time-out of a request.</summary>
    public required long Timeout { get; init; }

    /// <summary><c>simulated: profile X, time-scale N</c>; null on real infrastructure.</summary>
    public string? Simulated { get; init; }

    /// <summary>Actual − planned send.</summary>
    public Distribution? ScheduleDelay { get; init; }

    /// <summary>Time to first token from the planned send, of successful streams.</summary>
    public Distribution? Ttft { get; init; }

    /// <summary>The same from the actual send.</summary>
    public Distribution? TtftFromSend { get; init; }

    /// <summary>As <see cref="Ttft"/>, reasoning not counted.</summary>
    public Distribution? TtftVisible { get; init; }

    /// <summary>Time per output token after the first, per request.</summary>
    public Distribution? Tpot { get; init; }

    /// <summary>Time between content chunks.</summary>
    public Distribution? ChunkGap { get; init; }

    /// <summary>Last content chunk − planned send.</summary>
    public Distribution? E2e { get; init; }

    /// <summary>Output tokens of successful requests.</summary>
    public required long OutputTokens { get; init; }

    /// <summary>Requests whose tokens were counted by chunks, as the server stated no usage.</summary>
    public int TokensFromChunks { get; init; }

    /// <summary>Output tokens ÷ content chunks over successful streams; null without streams.</summary>
    public double? TokensPerChunk { get; init; }

    /// <summary>Output tokens ÷ (duration + wait).</summary>
    public required double OutputTokensPerSecond { get; init; }

    /// <summary>Requests per second that meet every per-request objective, over the whole wall time.</summary>
    public required double Goodput { get; init; }

    /// <summary>Share of all requests sent that meet every per-request objective, 0 to 1.</summary>
    public required double Attainment { get; init; }

    /// <summary>What goodput asked of each request: <c>ttft&lt;=500ms</c>.</summary>
    public IReadOnlyList<string> GoodRequest { get; init; } = [];

    public IReadOnlyList<FailureGroup> Failures { get; init; } = [];

    public IReadOnlyList<ObjectiveOutcome> Objectives { get; init; } = [];

    public IReadOnlyList<TimelineSlice> Timeline { get; init; } = [];

    public IReadOnlyList<LatencySample> Samples { get; init; } = [];

    public IReadOnlyList<CurvePoint> Curve { get; init; } = [];

    /// <summary>What each figure means, by name.</summary>
    public IReadOnlyDictionary<string, string> Definitions { get; init; } = LoadDefinitions.All;

    /// <summary>True when every objective was met (also when there was none).</summary>
    [JsonIgnore]
    public bool ObjectivesMet => Objectives.All(objective => objective.Met);

    /// <summary>The report in vegeta's text form, exactly.</summary>
    public string ToText() => VegetaText.Write(this);

    /// <summary>The report as JSON, with a line feed at the end.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json) + "\n";

    /// <exception cref="JsonException">The text is not a report.</exception>
    public static LoadReport FromJson(string json) => JsonSerializer.Deserialize<LoadReport>(json, Json) ?? throw new JsonException("The report is null.");

    /// <summary>Ends a step whose objectives were missed.</summary>
    /// <exception cref="ObjectivesMissedException">An objective was missed.</exception>
    /// <exception cref="PreheatException">Objectives were set, but the rate asked for was not really sent: the figures say nothing about it.</exception>
    public void ThrowIfMissed()
    {
        var missed = Objectives.Where(objective => !objective.Met).ToList();
        if (missed.Count > 0)
            throw new ObjectivesMissedException("The load test missed " + string.Join(", ", missed.Select(miss => $"{miss.Objective} (observed {miss.Observed})")) + ".");
        if (!Valid && Objectives.Count > 0)
            throw new PreheatException(
                $"The load test is not valid: {RequestedRate:0.##} requests/s were asked for, {AchievedRate:0.##} were sent. Lower --load-rate or send the load from a machine with more to spare.");
    }
}
