namespace Preheat.Load;

/// <summary>Why a request did not succeed; the label that failures are counted under.</summary>
public enum FailureKind
{
    /// <summary>No complete answer within the time-out.</summary>
    Timeout,

    /// <summary>The connection could not be made, or was lost.</summary>
    Connection,

    /// <summary>An answer with a status outside 200 to 399.</summary>
    Status,

    /// <summary>The stream itself carried an error after status 200.</summary>
    StreamError,

    /// <summary>The stream ended with neither <c>[DONE]</c> nor a finish reason.</summary>
    Incomplete,

    /// <summary>The stream broke a rule of its format, or a limit.</summary>
    Malformed,

    /// <summary>A complete answer without a single token.</summary>
    Empty,
}

/// <summary>What was measured of one request. Times are nanoseconds of the run's clock; null = it did not happen.</summary>
internal sealed class RequestRecord
{
    /// <summary>When the schedule wanted it sent.</summary>
    public required long Planned { get; init; }

    /// <summary>When it was handed to the HTTP client.</summary>
    public required long Sent { get; init; }

    /// <summary>First byte of the body.</summary>
    public long? FirstByte { get; set; }

    /// <summary>First chunk with content, reasoning or tool-call text.</summary>
    public long? FirstContent { get; set; }

    /// <summary>The same, reasoning not counted.</summary>
    public long? FirstVisible { get; set; }

    /// <summary>Last chunk with content.</summary>
    public long? LastContent { get; set; }

    /// <summary>End of the body, or of the attempt.</summary>
    public required long End { get; set; }

    /// <summary>HTTP status; 0 = no complete response.</summary>
    public int Status { get; set; }

    public long BytesIn { get; set; }

    public long BytesOut { get; set; }

    /// <summary><c>usage.completion_tokens</c>, else the number of content chunks of a stream; null when neither is known.</summary>
    public int? OutputTokens { get; set; }

    /// <summary>True when <see cref="OutputTokens"/> is a number of chunks, as the server stated no usage.</summary>
    public bool TokensFromChunks { get; set; }

    /// <summary>Chunks of a stream that carried content.</summary>
    public int ContentChunks { get; set; }

    /// <summary>Times between content chunks, in nanoseconds; null when there are none.</summary>
    public List<long>? ChunkGaps { get; set; }

    public FailureKind? Failure { get; set; }

    /// <summary>Short text, the same for the same kind of failure.</summary>
    public string? Error { get; set; }

    /// <summary>What the server said about a failure, cut short.</summary>
    public string? Detail { get; set; }

    public bool Succeeded => Status is >= 200 and < 400;

    /// <summary>From the planned send, so that a late generator does not flatter the server.</summary>
    public long Latency => End - Planned;

    /// <summary>(last token − first token) ÷ (n − 1); null when n &lt; 2.</summary>
    public long? TimePerOutputToken =>
        OutputTokens is >= 2 and { } n && FirstContent is { } first && LastContent is { } last ? (last - first) / (n - 1) : null;

    /// <summary>Marks the answer as not complete: status 0, as vegeta counts it.</summary>
    public void Fail(FailureKind kind, string error, string? detail = null)
    {
        Status = 0;
        Failure = kind;
        Error = error;
        Detail = detail;
    }
}
