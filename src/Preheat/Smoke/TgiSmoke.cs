using Preheat.Load;

namespace Preheat.Smoke;

/// <summary>The checks of Text Generation Inference: its own routes, and OpenAI's.</summary>
/// <remarks>Source of the interfaces: TGI's <c>docs/openapi.json</c> and its documentation, "Metrics". It serves one model, whatever name a request has.</remarks>
internal static class TgiSmoke
{
    /// <summary>The gauges that autoscaling reads. They appear with the first request.</summary>
    private static readonly string[] Gauges = ["tgi_queue_size", "tgi_batch_current_size"];

    public static async Task RunAsync(SmokeRun run)
    {
        await run.CheckAsync("/info names the served model", InfoAsync);
        await run.CheckAsync("/generate states consistent details", GenerateAsync);
        await run.CheckAsync("/generate_stream is well formed", StreamAsync);
        await run.CheckAsync("a streamed OpenAI answer is well formed", OpenAiStreamAsync);
        await run.CheckAsync("a request for no tokens is refused with 422", RefusalAsync);
        await run.CheckAsync("/metrics has the gauges for autoscaling", request => SmokeChecks.GaugesAsync(request, Gauges));
    }

    private static async Task<string> InfoAsync(SmokeRun run)
    {
        var answer = await run.GetAsync("info", 200);
        using var document = answer.Json();
        run.ServerVersion = AnswerFields.Text(document.RootElement, "version") ?? throw answer.Unexpected("'version' is missing");
        var model = AnswerFields.Text(document.RootElement, "model_id");
        return model == run.Request.ServedModelName ? $"serves {model}, version {run.ServerVersion}" : throw answer.Unexpected($"'{model}' is served, not '{run.Request.ServedModelName}'");
    }

    private static async Task<string> GenerateAsync(SmokeRun run)
    {
        var answer = await run.PostAsync(LoadDialect.TgiGenerate, SmokeChecks.Ask(run), 200);
        using var document = answer.Json();
        var root = document.RootElement;
        if (!AnswerFields.HasText(root, "generated_text"))
            throw answer.Unexpected("generated_text is missing");
        if (AnswerFields.Get(root, "details") is not { } details || AnswerFields.Text(details, "finish_reason") is not { } reason)
            throw answer.Unexpected("details.finish_reason is missing");
        return AnswerFields.CompletionTokens(root) is { } tokens and >= 1 and <= SmokeChecks.MaxTokens
            ? $"{tokens} tokens, finish reason {reason}"
            : throw answer.Unexpected($"details.generated_tokens is not between 1 and {SmokeChecks.MaxTokens}, which were asked for");
    }

    private static async Task<string> StreamAsync(SmokeRun run) =>
        SmokeChecks.WholeStream(await run.PostAsync(LoadDialect.TgiGenerate, SmokeChecks.Ask(run, stream: true), 200), endMark: false);

    // A base model has no chat template: then the plain completion is what clients stream.
    private static async Task<string> OpenAiStreamAsync(SmokeRun run)
    {
        var answer = await run.PostAsync(LoadDialect.ChatCompletions, SmokeChecks.Ask(run, stream: true));
        if (answer.Status == 422 && answer.Text().Contains("template", StringComparison.OrdinalIgnoreCase))
            return "completion (the model has no chat template): " + SmokeChecks.WholeStream(await run.PostAsync(LoadDialect.Completions, SmokeChecks.Ask(run, stream: true), 200), endMark: true);
        return answer.Status == 200 ? "chat: " + SmokeChecks.WholeStream(answer, endMark: true) : throw answer.Unexpected($"status {answer.Status}, expected 200");
    }

    private static async Task<string> RefusalAsync(SmokeRun run)
    {
        var answer = await run.PostAsync(LoadDialect.TgiGenerate, SmokeChecks.Ask(run) with { MaxTokens = 0 }, 422);
        using var document = answer.Json();
        return AnswerFields.Text(document.RootElement, "error_type") == "validation" ? "422, validation" : throw answer.Unexpected("error_type is not 'validation'");
    }
}
