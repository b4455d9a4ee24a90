using System.Text.Json.Serialization;

namespace Preheat.Runs;

/// <summary>How a step ended.</summary>
public enum StepResult
{
    /// <summary>The receipt was current and what it describes was there; nothing was made.</summary>
    UpToDate,
    Made,
    Failed,
    Interrupted,
}

/// <summary>One step of a run.</summary>
/// <param name="Reason">Why it ran, or <c>up to date</c>.</param>
public sealed record StepOutcome(string Target, StepResult Result, string Reason, DateTimeOffset StartedAt, double Seconds)
{
    public bool UpToDate => Result is StepResult.UpToDate;

    /// <summary>Bytes of content that it moved; what was sent again after a failure counts again.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public long Bytes { get; init; }

    /// <summary>Why it failed; null when it did not.</summary>
    public string? Error { get; init; }
}

/// <summary>What every step of one run shares. Safe for targets that run at the same time.</summary>
/// <param name="bytes">Knows what each target moved; null counts nothing.</param>
/// <param name="mask">Takes secrets out of an error's text.</param>
public sealed class StepContext(ReceiptStore receipts, IEventSink events, TimeProvider time, ByteCounter? bytes = null, Func<string, string>? mask = null)
{
    private readonly List<StepOutcome> _outcomes = [];

    public ReceiptStore Receipts { get; } = receipts;

    public IEventSink Events { get; } = events;

    public TimeProvider Time { get; } = time;

    /// <summary>The steps so far, in the order they ended.</summary>
    public IReadOnlyList<StepOutcome> Outcomes
    {
        get
        {
            lock (_outcomes)
                return [.. _outcomes];
        }
    }

    internal void Add(string target, StepResult result, string reason, DateTimeOffset startedAt, Exception? error = null)
    {
        var text = error is null ? null : mask is null ? error.Message : mask(error.Message);
        var outcome = new StepOutcome(target, result, reason, startedAt, Math.Round((Time.GetUtcNow() - startedAt).TotalSeconds, 3)) { Bytes = bytes?.Of(target) ?? 0, Error = text };
        lock (_outcomes)
            _outcomes.Add(outcome);
    }
}
