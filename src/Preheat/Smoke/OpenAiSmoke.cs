using Preheat.Load;

namespace Preheat.Smoke;

/// <summary>The checks of vLLM's OpenAI server.</summary>
/// <remarks>Source of the interfaces: vLLM's documentation, "OpenAI-Compatible Server" and "Production Metrics".</remarks>
internal static class OpenAiSmoke
{
    /// <summary>The gauges that autoscaling reads, by whole name.</summary>
    private static readonly string[] Gauges = ["vllm:num_requests_running", "vllm:num_requests_waiting"];

    public static async Task RunAsync(SmokeRun run)
    {
        await run.CheckAsync("/v1/models lists the served model", ModelsAsync);
        await run.CheckAsync("a completion states consistent usage", CompletionAsync);
        await run.CheckAsync("a streamed answer is well formed", StreamAsync);
        await run.CheckAsync("an unknown model is refused with 404", UnknownModelAsync);
        await run.CheckAsync("/metrics has the gauges for autoscaling", MetricsAsync);
        await run.CheckAsync("/version is stated", VersionAsync);
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
        var answer = await run.PostAsync(LoadDialect.Completions, SmokeChecks.Ask(run), 200);
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
        if (prompt < 1 || completion is < 1 or > SmokeChecks.MaxTokens || prompt + completion != total)
            throw answer.Unexpected($"usage does not add up: {prompt} prompt + {completion} completion tokens, total {total}, at most {SmokeChecks.MaxTokens} asked for");
        return $"{completion} tokens, finish reason {reason}";
    }

    private static async Task<string> StreamAsync(SmokeRun run)
    {
        var (answer, dialect) = await ChatAsync(run);
        return $"{dialect}: {SmokeChecks.WholeStream(answer, endMark: true)}";
    }

    // A base model (google/gemma-2-9b) has no chat template, and its server refuses to chat: then the plain completion is what clients stream.
    private static async Task<(SmokeAnswer Answer, string Dialect)> ChatAsync(SmokeRun run)
    {
        try
        {
            return (await run.PostAsync(LoadDialect.ChatCompletions, SmokeChecks.Ask(run, stream: true), 200), "chat");
        }
        catch (UnexpectedAnswerException refusal) when (refusal.Answer.Status == 400 && refusal.Answer.Text().Contains("chat template", StringComparison.OrdinalIgnoreCase))
        {
            return (await run.PostAsync(LoadDialect.Completions, SmokeChecks.Ask(run, stream: true), 200), "completion (the model has no chat template)");
        }
    }

    private static async Task<string> UnknownModelAsync(SmokeRun run)
    {
        await run.PostAsync(LoadDialect.Completions, SmokeChecks.Ask(run) with { Model = "preheat-smoke/no-such-model" }, 404);
        return "404";
    }

    private static Task<string> MetricsAsync(SmokeRun run) => SmokeChecks.GaugesAsync(run, Gauges);

    private static async Task<string> VersionAsync(SmokeRun run)
    {
        var answer = await run.GetAsync("version", 200);
        using var document = answer.Json();
        run.ServerVersion = AnswerFields.Text(document.RootElement, "version") ?? throw answer.Unexpected("'version' is missing");
        return run.ServerVersion;
    }

}
