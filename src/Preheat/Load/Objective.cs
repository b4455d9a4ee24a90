using System.Globalization;
using System.Text.RegularExpressions;

namespace Preheat.Load;

/// <summary>What a value of an objective is counted in.</summary>
public enum ObjectiveUnit
{
    /// <summary>Percent, 0 to 100.</summary>
    Percent,

    /// <summary>A number per second.</summary>
    PerSecond,

    /// <summary>Nanoseconds; written as a duration.</summary>
    Duration,
}

/// <summary>Something a load test must reach: <c>success&gt;=99</c>, <c>p95&lt;=2s</c>, <c>ttft_p95&lt;=500ms</c>, <c>throughput&gt;=5</c>. A value that exists is valid.</summary>
public sealed partial record Objective
{
    /// <summary>What may be written, for messages.</summary>
    public const string Forms =
        "success>=99 or attainment>=95 (%); rate, throughput, goodput or output_tokens >= a number (per second); "
        + "p50, p90, p95, p99, mean, min or max <= a duration with its unit (latency), or the same after ttft_, ttft_visible_, tpot_, chunk_gap_, e2e_ or schedule_delay_: ttft_p95<=500ms; operators <=, <, >=, >";

    private static readonly string[] Metrics = ["ttft_visible", "ttft", "tpot", "chunk_gap", "e2e", "schedule_delay"];
    private static readonly string[] Statistics = ["min", "mean", "p50", "p90", "p95", "p99", "max"];

    private Objective(string name, string metric, string? statistic, string comparison, double bound, ObjectiveUnit unit)
    {
        Name = name;
        Metric = metric;
        Statistic = statistic;
        Comparison = comparison;
        Bound = bound;
        Unit = unit;
    }

    /// <summary>As written: <c>ttft_p95</c>.</summary>
    public string Name { get; }

    /// <summary><c>success</c>, <c>throughput</c>, …; <c>latency</c>, <c>ttft</c>, … for durations.</summary>
    public string Metric { get; }

    /// <summary><c>p95</c>, <c>mean</c>, …; null when the metric is one number.</summary>
    public string? Statistic { get; }

    /// <summary><c>&lt;=</c>, <c>&lt;</c>, <c>&gt;=</c> or <c>&gt;</c>.</summary>
    public string Comparison { get; }

    /// <summary>In <see cref="Unit"/>.</summary>
    public double Bound { get; }

    public ObjectiveUnit Unit { get; }

    /// <summary>How far the statistic reaches into the requests: the widest promise of a metric is what goodput asks of each request; 0 = none.</summary>
    internal int Reach => Statistic is null or "min" or "mean" || Comparison[0] == '>' ? 0 : Array.IndexOf(Statistics, Statistic);

    /// <exception cref="UserException">The text is no objective.</exception>
    public static Objective Parse(string text)
    {
        var errors = new List<string>();
        var parsed = ParseAll([text], errors);
        return errors.Count == 0 ? parsed[0] : throw new UserException(errors[0]);
    }

    /// <summary>Reads several objectives (also several in one text, parted by commas) and adds what is wrong to <paramref name="errors"/>.</summary>
    public static IReadOnlyList<Objective> ParseAll(IEnumerable<string> texts, ICollection<string> errors)
    {
        var objectives = new List<Objective>();
        foreach (var text in texts.SelectMany(text => text.Split(',', StringSplitOptions.TrimEntries)))
        {
            var reason = TryParse(text, out var objective);
            if (objective is not null)
                objectives.Add(objective);
            else
                errors.Add($"--objective '{text}' {reason}. Write one of: {Forms}");
        }
        return objectives;
    }

    /// <summary>Whether an observed value (in <see cref="Unit"/>) meets the objective. What was not measured is not met.</summary>
    public bool IsMet(double? observed)
    {
        if (observed is not { } value || double.IsNaN(value))
            return false;
        // Shares are quotients of counts: 99 of 100 must meet 99 % whatever the last bit says.
        var slack = Unit == ObjectiveUnit.Percent ? 1e-9 : 0;
        return Comparison switch
        {
            "<=" => value <= Bound + slack,
            "<" => value < Bound,
            ">=" => value >= Bound - slack,
            _ => value > Bound,
        };
    }

    /// <summary>A value in this objective's unit, for people.</summary>
    public string Show(double? value) => value is not { } number
        ? "not measured"
        : Unit switch
        {
            ObjectiveUnit.Percent => number.ToString("0.##", CultureInfo.InvariantCulture) + "%",
            ObjectiveUnit.PerSecond => number.ToString("0.##", CultureInfo.InvariantCulture) + "/s",
            _ => GoDuration.FormatRounded((long)number),
        };

    public override string ToString() => $"{Name}{Comparison}{(Unit == ObjectiveUnit.Duration ? GoDuration.Format((long)Bound) : Bound.ToString(CultureInfo.InvariantCulture))}";

    private static string TryParse(string text, out Objective? objective)
    {
        objective = null;
        var match = Form().Match(text);
        if (!match.Success)
            return "is not NAME, an operator and a value";
        var (name, comparison, value) = (match.Groups["name"].Value, match.Groups["op"].Value, match.Groups["value"].Value);
        switch (name)
        {
            case "success" or "attainment":
                if (!TryNumber(value.TrimEnd('%'), out var share) || share > 100)
                    return "needs a share in percent, 0 to 100";
                objective = new(name, name, null, comparison, share, ObjectiveUnit.Percent);
                return "";
            case "rate" or "throughput" or "goodput" or "output_tokens":
                if (!TryNumber(value.EndsWith("/s", StringComparison.Ordinal) ? value[..^2] : value, out var number))
                    return "needs a number per second";
                objective = new(name, name, null, comparison, number, ObjectiveUnit.PerSecond);
                return "";
        }
        var metric = Metrics.FirstOrDefault(metric => name.StartsWith(metric + "_", StringComparison.Ordinal) && Statistics.Contains(name[(metric.Length + 1)..]));
        var statistic = metric is null ? name : name[(metric.Length + 1)..];
        if (!Statistics.Contains(statistic))
            return $"names nothing that is measured: '{name}'";
        if (!GoDuration.TryParse(value, out var nanoseconds))
            return "needs a duration with its unit, for example 500ms or 2s";
        objective = new(name, metric ?? "latency", statistic, comparison, nanoseconds, ObjectiveUnit.Duration);
        return "";
    }

    private static bool TryNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);

    [GeneratedRegex(@"^(?<name>[a-z][a-z0-9_]{0,40})\s*(?<op><=|>=|<|>)\s*(?<value>[^\s<>=]{1,40})$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}

/// <summary>What became of an objective.</summary>
/// <param name="Objective">As written.</param>
/// <param name="Met">Whether it was reached; what was not measured was not.</param>
/// <param name="Observed">The observed value for people: <c>97.5%</c>, <c>1.234s</c>, <c>not measured</c>.</param>
public sealed record ObjectiveOutcome(string Objective, bool Met, string Observed);
