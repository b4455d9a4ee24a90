using System.Text.Json;
using Preheat.Load;
using Preheat.Runs;

namespace Preheat.Smoke;

/// <summary>Tries each interface of a vLLM endpoint once. A failing check does not stop the others.</summary>
/// <remarks>Source of the interfaces: vLLM's documentation, "OpenAI-Compatible Server" and "Production Metrics".</remarks>
public static class SmokeTester
{
    private const string Prompt = "Say in one sentence what a smoke test is.";
    private const int MaxTokens = 16;

    /// <summary>The gauges that autoscaling reads, by whole name.</summary>
    private static readonly string[] Gauges = ["vllm:num_requests_running", "vllm:num_requests_waiting"];

    /// <summary>A cheap look whether the endpoint still answers <c>/health</c>; false when it cannot be reached.</summary>
    public static async Task<bool> IsHealthyAsync(SmokeRequest request, CancellationToken cancellation)
    {
        try
        {
            using var answer = await request.Client.GetAsync(new Uri(request.BaseAddress, "health"), HttpCompletionOption.ResponseHeadersRead, cancellation);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <exception cref="SmokeTestFailedException">A check failed; it carries the report.</exception>
    public static async Task<SmokeReport> RunAsync(SmokeRequest request, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var run = new SmokeRun(request, events, time, cancellation);
        await run.CheckAsync("/health answers 200", HealthAsync);
        await run.CheckAsync("/v1/models lists the served model", ModelsAsync);
        await run.CheckAsync("a completion states consistent usage", CompletionAsync);
        await run.CheckAsync("a streamed answer is well formed", StreamAsync);
        await run.CheckAsync("an unknown model is refused with 404", UnknownModelAsync);
        await run.CheckAsync("/metrics has the gauges for autoscaling", MetricsAsync);
        await run.CheckAsync("/version is stated", VersionAsync);
        var report = run.Report();
        return report.Passed ? report : throw new SmokeTestFailedException(report);
    }

    private static async Task<string> HealthAsync(SmokeRun run)
    {
        await run.GetAsync("health", 200);
        return "200";
    }

    private static async Task<string> ModelsAsync(SmokeRun run)
    {
        var answer = await run.GetAsync("v1/models", 200);
        using var document = answer.Json();
        var names = AnswerFields.Items(document.RootElement, "data").Select(model => AnswerFields.Text(model, "id") ?? "").ToList();
        return names.Contains(run.Request.ServedModelName, StringComparer.Ordinal)
            ? $"serves {string.Join(", ", names)}"
            : throw answer.Unexpected($"'{run.Request.ServedModelName}' is not among the {names.Count} models listed");
    }

    private static async Task<string> CompletionAsync(SmokeRun run)
    {
        var answer = await run.PostAsync(LoadDialect.Completions, Ask(run.Request.ServedModelName, stream: false), 200);
        using var document = answer.Json();
        var root = document.RootElement;
        var choice = AnswerFields.Items(root, "choices").FirstOrDefault();
        if (AnswerFields.Text(choice, "text") is null)
            throw answer.Unexpected("choices[0].text is missing");
        if (AnswerFields.Text(choice, "finish_reason") is not { } reason)
            throw answer.Unexpected("choices[0].finish_reason is missing");
        if (AnswerFields.Get(root, "usage") is not { } usage
            || AnswerFields.Number(usage, "prompt_tokens") is not { } prompt
            || AnswerFields.Number(usage, "completion_tokens") is not { } completion
            || AnswerFields.Number(usage, "total_tokens") is not { } total)
            throw answer.Unexpected("usage lacks prompt_tokens, completion_tokens or total_tokens");
        if (prompt < 1 || completion is < 1 or > MaxTokens || prompt + completion != total)
            throw answer.Unexpected($"usage does not add up: {prompt} prompt + {completion} completion tokens, total {total}, at most {MaxTokens} asked for");
        return $"{completion} tokens, finish reason {reason}";
    }

    private static async Task<string> StreamAsync(SmokeRun run)
    {
        var (answer, dialect) = await ChatAsync(run);
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
            throw answer.Unexpected("the stream does not end with [DONE]");
        if (stream.FinishReason is null)
            throw answer.Unexpected("no chunk states a finish_reason");
        return $"{dialect}: {stream.ContentChunks} chunks with content, {(stream.UsageTokens is { } tokens ? $"{tokens} tokens" : "no usage")}, finish reason {stream.FinishReason}";
    }

    // A base model (google/gemma-2-9b) has no chat template, and its server refuses to chat: then the plain completion is what clients stream.
    private static async Task<(SmokeAnswer Answer, string Dialect)> ChatAsync(SmokeRun run)
    {
        try
        {
            return (await run.PostAsync(LoadDialect.ChatCompletions, Ask(run.Request.ServedModelName, stream: true), 200), "chat");
        }
        catch (UnexpectedAnswerException refusal) when (refusal.Answer.Status == 400 && refusal.Answer.Text().Contains("chat template", StringComparison.OrdinalIgnoreCase))
        {
            return (await run.PostAsync(LoadDialect.Completions, Ask(run.Request.ServedModelName, stream: true), 200), "completion (the model has no chat template)");
        }
    }

    private static async Task<string> UnknownModelAsync(SmokeRun run)
    {
        await run.PostAsync(LoadDialect.Completions, Ask("preheat-smoke/no-such-model", stream: false), 404);
        return "404";
    }

    private static async Task<string> MetricsAsync(SmokeRun run)
    {
        var answer = await run.GetAsync("metrics", 200);
        // Exposition format: "# TYPE NAME gauge", then "NAME{labels} value". A name that merely begins alike is another metric.
        var lines = answer.Text().Split('\n', StringSplitOptions.TrimEntries);
        foreach (var gauge in Gauges)
        {
            if (!lines.Contains($"# TYPE {gauge} gauge", StringComparer.Ordinal))
                throw answer.Unexpected($"no gauge '{gauge}' is declared");
            if (!lines.Any(line => line.StartsWith(gauge, StringComparison.Ordinal) && line.Length > gauge.Length && line[gauge.Length] is '{' or ' '))
                throw answer.Unexpected($"the gauge '{gauge}' has no value");
        }
        return string.Join(", ", Gauges);
    }

    private static async Task<string> VersionAsync(SmokeRun run)
    {
        var answer = await run.GetAsync("version", 200);
        using var document = answer.Json();
        run.ServerVersion = AnswerFields.Text(document.RootElement, "version") ?? throw answer.Unexpected("'version' is missing");
        return run.ServerVersion;
    }

    private static CompletionRequest Ask(string model, bool stream) => new(model, Prompt, MaxTokens, stream);
}
