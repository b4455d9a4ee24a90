namespace Preheat.Load;

/// <summary>What each figure means. Names clash between tools, so the definitions go with every report.</summary>
public static class LoadDefinitions
{
    public static IReadOnlyDictionary<string, string> All { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["latency"] = "end of the answer − planned send time; of all requests, a timed-out one with the time until it was given up",
        ["percentiles"] = "exact, by nearest rank: the smallest value that at least p % of the values do not exceed",
        ["rate"] = "requests sent ÷ (last actual send − first actual send)",
        ["achievedRate"] = "requests sent ÷ (last actual send − first planned send + one interval); a run below 98 % of the requested rate is not valid",
        ["throughput"] = "successes ÷ (first actual send to end of the last answer)",
        ["success"] = "share of requests with 200 ≤ status < 400; status 0 = no complete answer (time-out, lost connection, broken or empty stream)",
        ["scheduleDelay"] = "actual send − planned send",
        ["ttft"] = "first chunk with content, reasoning or tool-call text − planned send time, of successful streams",
        ["ttftFromSend"] = "the same − actual send time",
        ["ttftVisible"] = "as ttft, reasoning not counted",
        ["tpot"] = "(last token − first token) ÷ (n − 1) per request of n ≥ 2 output tokens",
        ["chunkGap"] = "time between content chunks (other tools call it ITL); a chunk is not a token: see tokensPerChunk",
        ["e2e"] = "last content chunk − planned send time, of successful streams",
        ["outputTokens"] = "usage.completion_tokens of successful requests, else their content chunks",
        ["outputTokensPerSecond"] = "output tokens ÷ wall time",
        ["goodput"] = "requests that meet every objective ÷ whole wall time; of several percentiles of one metric the highest is what each request must meet; a missing metric is not good; one token is exempt from tpot",
        ["attainment"] = "share of all requests sent that meet every objective",
    };
}
