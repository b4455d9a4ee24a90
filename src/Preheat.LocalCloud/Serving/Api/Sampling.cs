using System.Text.Json;

namespace Preheat.LocalCloud.Serving.Api;

/// <summary>What a request says about its output; validated as vLLM's <c>SamplingParams</c> does.</summary>
internal sealed record Sampling
{
    /// <summary>Null: the endpoint's default.</summary>
    public int? MaxTokens { get; init; }

    public int MinTokens { get; init; }

    public bool IgnoreEos { get; init; }

    public IReadOnlyList<string> Stop { get; init; } = [];

    public bool IncludeStop { get; init; }

    public long? Seed { get; init; }

    public int Choices { get; init; } = 1;

    public bool Stream { get; init; }

    /// <summary>A last chunk with the usage and no choices.</summary>
    public bool IncludeUsage { get; init; }

    /// <summary>vLLM's own: the usage so far in every chunk.</summary>
    public bool ContinuousUsage { get; init; }

    /// <exception cref="ApiError">400: a value out of its range.</exception>
    public static Sampling Read(JsonElement request)
    {
        var maxTokens = request.Int("max_completion_tokens") ?? request.Int("max_tokens");
        Check(maxTokens is null or >= 1, "max_tokens", $"max_tokens must be at least 1, got {maxTokens}.");
        var minTokens = request.Int("min_tokens") ?? 0;
        Check(minTokens >= 0, "min_tokens", $"min_tokens must be greater than or equal to 0, got {minTokens}.");
        Check(maxTokens is null || minTokens <= maxTokens, "min_tokens", $"min_tokens must be less than or equal to max_tokens={maxTokens}, got {minTokens}.");
        var choices = request.Int("n") ?? 1;
        Check(choices is >= 1 and <= 128, "n", $"n must be between 1 and 128, got {choices}.");
        Check(request.Number("temperature") is null or >= 0, "temperature", $"temperature must be non-negative, got {request.Number("temperature")}.");
        Check(request.Number("top_p") is null or (> 0 and <= 1), "top_p", $"top_p must be in (0, 1], got {request.Number("top_p")}.");
        Check(request.Number("top_k") is null or >= -1, "top_k", $"top_k must be 0 (disable), or at least 1, got {request.Number("top_k")}.");
        Check(request.Number("presence_penalty") is null or (>= -2 and <= 2), "presence_penalty", $"presence_penalty must be in [-2, 2], got {request.Number("presence_penalty")}.");
        Check(request.Number("frequency_penalty") is null or (>= -2 and <= 2), "frequency_penalty", $"frequency_penalty must be in [-2, 2], got {request.Number("frequency_penalty")}.");
        Check(!HasLogprobs(request), "logprobs", "logprobs are not available: this server's text is made up, not sampled.");
        Check(request.Bool("echo") != true, "echo", "echo is not available in this server.");
        var stop = request.Texts("stop");
        Check(stop.All(s => s.Length > 0), "stop", "stop cannot contain an empty string.");
        var stream = request.Bool("stream") ?? false;
        var options = request.Get("stream_options");
        Check(options is null || stream, "stream_options", "Stream options can only be defined when `stream=True`.");
        if (options is { ValueKind: not JsonValueKind.Object })
        {
            throw Fields.Wrong("stream_options", "a valid dictionary", options.Value);
        }

        return new Sampling
        {
            MaxTokens = maxTokens is null ? null : (int)Math.Min(maxTokens.Value, int.MaxValue),
            MinTokens = (int)Math.Min(minTokens, int.MaxValue),
            IgnoreEos = request.Bool("ignore_eos") ?? false,
            Stop = stop,
            IncludeStop = request.Bool("include_stop_str_in_output") ?? false,
            Seed = request.Int("seed"),
            Choices = (int)choices,
            Stream = stream,
            IncludeUsage = options?.Bool("include_usage") ?? false,
            ContinuousUsage = options?.Bool("continuous_usage_stats") ?? false,
        };
    }

    private static bool HasLogprobs(JsonElement request) =>
        request.Get("logprobs") is { ValueKind: not JsonValueKind.False } || request.Get("prompt_logprobs") is not null || request.Int("top_logprobs") is > 0;

    private static void Check(bool holds, string parameter, string message)
    {
        if (!holds)
        {
            throw ApiError.BadRequest(message, parameter);
        }
    }
}
