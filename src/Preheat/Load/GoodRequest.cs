namespace Preheat.Load;

/// <summary>What makes one request count for goodput: it succeeded, and meets the widest upper bound that the objectives set for each of its own metrics.</summary>
internal sealed class GoodRequest
{
    private static readonly Dictionary<string, Func<RequestRecord, long?>> Metrics = new(StringComparer.Ordinal)
    {
        ["latency"] = record => record.Latency,
        ["ttft"] = record => record.FirstContent - record.Planned,
        ["ttft_visible"] = record => record.FirstVisible - record.Planned,
        ["tpot"] = record => record.TimePerOutputToken,
        ["e2e"] = record => record.LastContent - record.Planned,
    };

    private readonly List<Objective> _bounds;

    public GoodRequest(IEnumerable<Objective> objectives) => _bounds =
    [
        .. objectives
            .Where(objective => objective.Reach > 0 && Metrics.ContainsKey(objective.Metric))
            .GroupBy(objective => objective.Metric, StringComparer.Ordinal)
            .Select(group => group.MaxBy(objective => objective.Reach)!),
    ];

    /// <summary>The bounds as <c>ttft&lt;=500ms</c>.</summary>
    public IReadOnlyList<string> Texts => [.. _bounds.Select(bound => $"{bound.Metric}{bound.Comparison}{GoDuration.Format((long)bound.Bound)}")];

    public bool IsMetBy(RequestRecord record) => record.Succeeded && _bounds.All(bound => Meets(bound, record));

    // One token has no time per token after it, and cannot miss one.
    private static bool Meets(Objective bound, RequestRecord record) =>
        (bound.Metric == "tpot" && record.OutputTokens == 1) || bound.IsMet(Metrics[bound.Metric](record));
}
