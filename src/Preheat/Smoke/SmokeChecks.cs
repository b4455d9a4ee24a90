using Preheat.Load;

namespace Preheat.Smoke;

/// <summary>What the checks of several servers have in common.</summary>
internal static class SmokeChecks
{
    /// <summary>Most tokens that a check asks for.</summary>
    public const int MaxTokens = 16;

    public const string Prompt = "Say in one sentence what a smoke test is.";

    /// <summary>A small request for the served model.</summary>
    public static CompletionRequest Ask(SmokeRun run, bool stream = false) =>
        new(run.Request.ServedModelName, Prompt, MaxTokens, stream) { TopP = run.Request.Server == "tgi" ? null : 1 };

    /// <summary>Reads a streamed answer to its end and says what was in it.</summary>
    /// <param name="endMark">Whether <c>[DONE]</c> must end it.</param>
    /// <exception cref="UnexpectedAnswerException">It is no stream, or none that a client could read.</exception>
    public static string WholeStream(SmokeAnswer answer, bool endMark)
    {
        if (!string.Equals(answer.ContentType, "text/event-stream", StringComparison.OrdinalIgnoreCase))
            throw answer.Unexpected($"the content type is '{answer.ContentType}', not text/event-stream");
        var stream = new CompletionStream();
        var reader = new EventStreamReader(stream);
        try
        {
            reader.Feed(answer.Body.Span, 0);
        }
        catch (InvalidDataException exception)
        {
            throw answer.Unexpected(exception.Message);
        }
        reader.Complete(0);
        stream.Complete();
        if (stream.Failure is not null)
            throw answer.Unexpected(stream.Detail is null ? stream.Error! : $"{stream.Error}: {stream.Detail}");
        if (!stream.Done)
            throw answer.Unexpected(endMark ? "the stream does not end with [DONE]" : "the stream's last token does not come with the whole text");
        if (stream.FinishReason is null)
            throw answer.Unexpected("no chunk states a finish_reason");
        return $"{stream.ContentChunks} chunks with content, {(stream.UsageTokens is { } tokens ? $"{tokens} tokens" : "no usage")}, finish reason {stream.FinishReason}";
    }

    /// <summary>Looks for gauges with a value in <c>/metrics</c>, by whole name.</summary>
    public static async Task<string> GaugesAsync(SmokeRun run, IReadOnlyList<string> gauges)
    {
        var answer = await run.GetAsync("metrics", 200);
        // Exposition format: "# TYPE NAME gauge", then "NAME{labels} value". A name that merely begins alike is another metric.
        var lines = answer.Text().Split('\n', StringSplitOptions.TrimEntries);
        foreach (var gauge in gauges)
        {
            if (!lines.Contains($"# TYPE {gauge} gauge", StringComparer.Ordinal))
                throw answer.Unexpected($"no gauge '{gauge}' is declared");
            if (!lines.Any(line => line.StartsWith(gauge, StringComparison.Ordinal) && line.Length > gauge.Length && line[gauge.Length] is '{' or ' '))
                throw answer.Unexpected($"the gauge '{gauge}' has no value");
        }
        return string.Join(", ", gauges);
    }
}
