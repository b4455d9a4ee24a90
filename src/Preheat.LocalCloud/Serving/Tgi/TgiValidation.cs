using System.Text.Json;
using Preheat.LocalCloud.Serving.Api;

namespace Preheat.LocalCloud.Serving.Tgi;

/// <summary>What TGI's router checks before a request enters the queue (<c>router/src/validation.rs</c>), in its order and words.</summary>
internal sealed class TgiValidation(TgiServer server)
{
    /// <summary>Tokens of an answer whose request names no number, where there is room for them.</summary>
    private const int DefaultNewTokens = 1024;

    /// <exception cref="TgiError">422: <c>validation</c>.</exception>
    public Sampling Check(TgiRequest request)
    {
        var bestOf = request.Int("best_of") ?? 1;
        var sampled = request.Flag("do_sample") || request.Float("temperature") is not null || request.Int("top_k") is not null || request.Float("top_p") is not null || request.Float("typical_p") is not null;
        Check(bestOf <= 1 || sampled, "you must use sampling when `best_of` is > 1");
        Check(request.Float("temperature") is null or > 0, "`temperature` must be strictly positive");
        Check(request.Float("repetition_penalty") is null or > 0, "`repetition_penalty` must be strictly positive");
        CheckShares(request.Float("frequency_penalty"), request.Float("top_p"));
        Check(request.Float("typical_p") is null or (> 0 and < 1), "`typical_p` must be > 0.0 and < 1.0");
        Check(request.Int("top_k") is null or > 0, "`top_k` must be strictly positive");
        Check(request.Int("max_new_tokens") is null or > 0, "`max_new_tokens` must be strictly positive");
        CheckStop(request.Stop);
        Check(bestOf <= 1 || request.Int("seed") is null, "`seed` must not be set when `best_of` > 1");
        Check(bestOf >= 1, "`best_of` must be strictly positive");
        Check(bestOf <= server.MaxBestOf, $"`best_of` must be <= {server.MaxBestOf}. Given: {bestOf}");
        Check(request.Int("top_n_tokens") is null || request.Int("top_n_tokens") <= server.Limit("max-top-n-tokens"), $"`top_n_tokens` must be >= 0 and <= {server.Limit("max-top-n-tokens")}. Given: {request.Int("top_n_tokens")}");
        Check(request.Inputs.Length > 0, "`inputs` cannot be empty");
        Check(request.Int("truncate") is not { } truncate || truncate > 0 && truncate <= server.MaxInputTokens, $"`truncate` must be strictly positive and less than {server.MaxInputTokens}. Given: {request.Int("truncate")}");
        var most = request.Int("max_new_tokens") is { } asked ? (int)Math.Min(asked, int.MaxValue) : (int?)null;
        return new Sampling { MaxTokens = most, Stop = request.Stop, Seed = request.Int("seed") };
    }

    /// <summary>What the OpenAI routes check more strictly than OpenAI: the same rules, since they make the same request.</summary>
    /// <exception cref="TgiError">422: <c>validation</c>.</exception>
    public Sampling CheckOpenAi(JsonElement request)
    {
        CheckShares(request.Number("frequency_penalty"), request.Number("top_p"));
        Check(request.Int("max_tokens") is null or > 0, "`max_new_tokens` must be strictly positive");
        CheckStop(request.Texts("stop"));
        return Sampling.Read(request);
    }

    /// <summary>Most tokens of an answer.</summary>
    /// <exception cref="TgiError">422: the prompt, or both together, are too long.</exception>
    public int Limit(Prompt prompt, int? asked)
    {
        Check(prompt.Tokens <= server.MaxInputTokens, $"`inputs` must have less than {server.MaxInputTokens} tokens. Given: {prompt.Tokens}");
        var limit = asked ?? Math.Min(DefaultNewTokens, server.MaxTotalTokens - prompt.Tokens);
        Check((long)prompt.Tokens + limit <= server.MaxTotalTokens, $"`inputs` tokens + `max_new_tokens` must be <= {server.MaxTotalTokens}. Given: {prompt.Tokens} `inputs` tokens and {limit} `max_new_tokens`");
        return limit;
    }

    /// <summary>A prompt, cut at its beginning where the request asks for it.</summary>
    public static Prompt PromptOf(TgiRequest request)
    {
        var prompt = Prompt.Of(request.Inputs);
        return request.Int("truncate") is { } most && prompt.Tokens > most ? prompt with { Tokens = (int)most } : prompt;
    }

    private static void CheckShares(double? frequencyPenalty, double? topP)
    {
        Check(frequencyPenalty is null or (>= -2 and <= 2), "`frequency_penalty` must be >= -2.0 and <= 2.0");
        Check(topP is null or (> 0 and < 1), "`top_p` must be > 0.0 and < 1.0");
    }

    private void CheckStop(IReadOnlyList<string> stop) => Check(stop.Count <= server.MaxStopSequences, $"`stop` supports up to {server.MaxStopSequences} stop sequences. Given: {stop.Count}");

    private static void Check(bool holds, string message)
    {
        if (!holds)
        {
            throw TgiError.Validation(message);
        }
    }
}
