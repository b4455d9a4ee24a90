using Preheat.Load;

namespace Preheat.Smoke;

/// <summary>The checks of vLLM's simple <c>api_server</c>, which has one route.</summary>
/// <remarks>
/// vLLM's own answers <c>{"text":["PROMPT OUTPUT"]}</c> (<c>vllm/entrypoints/api_server.py</c>), that of Vertex AI's image
/// <c>{"predictions":["Prompt:\nPROMPT\nOutput:\nOUTPUT"]}</c>: one dialect per image, and each is right.
/// </remarks>
internal static class GenerateSmoke
{
    public static Task RunAsync(SmokeRun run) => run.CheckAsync("/generate continues the prompt", GenerateAsync);

    private static async Task<string> GenerateAsync(SmokeRun run)
    {
        var answer = await run.PostAsync(LoadDialect.Generate, SmokeChecks.Ask(run), 200);
        using var document = answer.Json();
        var root = document.RootElement;
        foreach (var (field, head) in new[] { ("text", SmokeChecks.Prompt), ("predictions", $"Prompt:\n{SmokeChecks.Prompt}\nOutput:\n") })
        {
            foreach (var item in AnswerFields.Items(root, field))
            {
                var text = item.ValueKind == System.Text.Json.JsonValueKind.String ? item.GetString()! : "";
                if (!text.StartsWith(head, StringComparison.Ordinal))
                    throw answer.Unexpected($"{field}[0] does not begin with the prompt");
                return text.Length > head.Length ? $"{field}: {text.Length - head.Length} characters" : throw answer.Unexpected($"{field}[0] holds the prompt only");
            }
        }
        throw answer.Unexpected("neither text[0] nor predictions[0] is there");
    }
}
