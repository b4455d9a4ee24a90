namespace Preheat.LocalCloud.Faults;

/// <summary>One thing that goes wrong on requests whose path begins with <see cref="Prefix"/>.</summary>
public sealed record FaultRule
{
    /// <summary>Start of the request path: <c>/v2/</c> for the registry, <c>/hub/</c> for the hub, or longer.</summary>
    public required string Prefix { get; init; }

    /// <summary>HTTP method; null means any.</summary>
    public string? Method { get; init; }

    /// <summary>Milliseconds of real time before the request goes on.</summary>
    public int LatencyMilliseconds { get; init; }

    /// <summary>Answers with this status instead of doing the work; null does the work.</summary>
    public int? Status { get; init; }

    /// <summary>Headers of that answer (<c>Retry-After</c>, <c>WWW-Authenticate</c>).</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Body of that answer.</summary>
    public string Body { get; init; } = "";

    /// <summary>Resets the connection after this many bytes of the answer's body; 0 resets it without an answer; null never.</summary>
    public long? DropAfterBytes { get; init; }

    /// <summary>How many requests are hit before the rule is spent; 0 means all of them. The default value is 1.</summary>
    public int Times { get; init; } = 1;
}
