using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Serving.Metrics;
using Preheat.Simulation.Batching;

namespace Preheat.LocalCloud.Serving.Api;

/// <summary>Turns validated prompts into sequences of the batch and their tokens into answers.</summary>
/// <param name="names">Served names; the first one is in the answers.</param>
/// <param name="limits">Most tokens of an answer; vLLM's rule when null.</param>
internal sealed class Generator(
    BatchPump pump, BatchSettings settings, IReadOnlyList<string> names, long seed, IGenerationMetrics metrics, TimeProvider time, Func<ReplyFormat, Prompt, Sampling, int>? limits = null)
{
    /// <summary>Says in every answer that no model computed it.</summary>
    public const string Fingerprint = "preheat-look-alike";

    /// <summary>Refuses a model that is not served here; an absent name means the served one, as in vLLM.</summary>
    public void CheckModel(JsonElement request)
    {
        if (request.Text("model") is { Length: > 0 } model && !names.Contains(model))
        {
            throw ApiError.NoSuchModel(model);
        }
    }

    /// <summary>Answers with all choices of all prompts.</summary>
    public async Task AnswerAsync(HttpContext context, ReplyFormat format, IReadOnlyList<Prompt> prompts, Sampling sampling)
    {
        var tokens = sampling.Stream ? Channel.CreateUnbounded<TokenEvent>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true }) : null;
        var generations = Prepare(format, prompts, sampling, tokens?.Writer);
        var reply = new Reply(format, format.NewId(), time.GetUtcNow().ToUnixTimeSeconds(), names[0], sampling);
        await RunAsync(generations, async () =>
        {
            if (tokens is not null)
            {
                await StreamAsync(context, reply, generations, tokens.Reader);
            }
            else
            {
                await WaitAsync(context, generations);
                await Answers.JsonAsync(context, 200, json => reply.Whole(json, generations));
            }
        });
    }

    /// <summary>The texts of one prompt's choices, for the simple server. <paramref name="piece"/> gets each state while it grows, if asked.</summary>
    public async Task<IReadOnlyList<string>> TextsAsync(HttpContext context, Prompt prompt, Sampling sampling, Func<IReadOnlyList<string>, Task>? piece = null)
    {
        var tokens = piece is null ? null : Channel.CreateUnbounded<TokenEvent>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        var generations = Prepare(ReplyFormat.Completion, [prompt], sampling, tokens?.Writer);
        await RunAsync(generations, async () =>
        {
            if (tokens is null)
            {
                await WaitAsync(context, generations);
                return;
            }

            var texts = generations.Select(_ => "").ToArray();
            var open = generations.Count;
            while (open > 0)
            {
                var token = await tokens.Reader.ReadAsync(context.RequestAborted);
                texts[token.Generation.Index] += token.Generation.TextOf(token.Tokens);
                open -= token.Last ? 1 : 0;
                await piece!(texts);
            }
        });
        return [.. generations.Select(g => g.WholeText())];
    }

    private List<Generation> Prepare(ReplyFormat format, IReadOnlyList<Prompt> prompts, Sampling sampling, ChannelWriter<TokenEvent>? events)
    {
        var generations = new List<Generation>();
        foreach (var prompt in prompts)
        {
            var limit = limits is null ? Limit(format, prompt, sampling) : limits(format, prompt, sampling);
            for (var choice = 0; choice < sampling.Choices; choice++)
            {
                generations.Add(new Generation(generations.Count, prompt, sampling, limit, seed, metrics, time, events));
            }
        }

        return generations;
    }

    private int Limit(ReplyFormat format, Prompt prompt, Sampling sampling)
    {
        var room = settings.MaxModelLen - prompt.Tokens;
        if (room < 1)
        {
            throw ApiError.BadRequest($"This model's maximum context length is {settings.MaxModelLen} tokens. However, your request has {prompt.Tokens} input tokens. Please reduce the length of the input messages.");
        }

        if (sampling.MaxTokens > room)
        {
            throw ApiError.BadRequest($"'max_tokens' or 'max_completion_tokens' is too large: {sampling.MaxTokens}. This model's maximum context length is {settings.MaxModelLen} tokens and your request has {prompt.Tokens} input tokens ({sampling.MaxTokens} > {settings.MaxModelLen} - {prompt.Tokens}).", "max_tokens");
        }

        return sampling.MaxTokens ?? format.DefaultMaxTokens(room);
    }

    /// <summary>One generation of a prompt, to be run by <see cref="RunAsync"/>.</summary>
    /// <param name="events">Where its tokens are announced; null when nobody streams them.</param>
    public Generation Create(Prompt prompt, Sampling sampling, int limit, ChannelWriter<TokenEvent>? events) => new(0, prompt, sampling, limit, seed, metrics, time, events);

    /// <summary>Runs generations for as long as the answer takes.</summary>
    public async Task RunAsync(IReadOnlyList<Generation> generations, Func<Task> answer)
    {
        var tickets = new List<IDisposable>(generations.Count);
        try
        {
            tickets.AddRange(generations.Select(g => pump.Submit(g.Prompt.Tokens, g.Tokens, null, g)));
            await answer();
        }
        finally
        {
            // Where the client hung up this abandons what still runs; whether that frees its slot is the engine's property.
            tickets.ForEach(t => t.Dispose());
        }
    }

    /// <summary>Waits until all are done.</summary>
    /// <exception cref="ApiError">500: the engine stopped.</exception>
    public static async Task WaitAsync(HttpContext context, IReadOnlyList<Generation> generations)
    {
        foreach (var generation in generations)
        {
            if (!await generation.Done.WaitAsync(context.RequestAborted))
            {
                throw new ApiError(500, "InternalServerError", "EngineCore encountered an issue. See stack trace (above) for the root cause.");
            }
        }
    }

    private static async Task StreamAsync(HttpContext context, Reply reply, List<Generation> generations, ChannelReader<TokenEvent> tokens)
    {
        Answers.BeginEvents(context);
        reply.Begin(context, generations);
        var open = generations.Count;
        while (open > 0 && await tokens.WaitToReadAsync(context.RequestAborted))
        {
            while (tokens.TryRead(out var token))
            {
                reply.Chunk(context, token);
                open -= token.Last ? 1 : 0;
            }

            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        }

        reply.End(context, generations);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    /// <summary>The JSON of one answer.</summary>
    private sealed class Reply(ReplyFormat format, string id, long created, string model, Sampling sampling)
    {
        public void Whole(Utf8JsonWriter json, List<Generation> generations)
        {
            json.WriteStartObject();
            Head(json, chunk: false);
            json.WriteStartArray("choices");
            foreach (var generation in generations)
            {
                Choice(json, generation.Index, generation.WholeText(), generation.FinishReason, chunk: false);
            }

            json.WriteEndArray();
            Usage(json, generations, generations.Sum(g => g.Tokens));
            json.WriteEndObject();
        }

        public void Begin(HttpContext context, List<Generation> generations)
        {
            if (!format.BeginsWithRole)
            {
                return;
            }

            foreach (var generation in generations)
            {
                Answers.Event(context, json => Envelope(json, () =>
                {
                    json.WriteStartObject();
                    json.WriteNumber("index", generation.Index);
                    json.WriteStartObject("delta");
                    json.WriteString("role", "assistant");
                    json.WriteString("content", "");
                    json.WriteEndObject();
                    json.WriteNull("logprobs");
                    json.WriteNull("finish_reason");
                    json.WriteEndObject();
                }));
            }
        }

        public void Chunk(HttpContext context, TokenEvent token) => Answers.Event(context, json => Envelope(
            json,
            () => Choice(json, token.Generation.Index, token.Generation.TextOf(token.Tokens), token.Last ? token.Generation.FinishReason : null, chunk: true),
            sampling.ContinuousUsage ? () => Usage(json, [token.Generation], token.Tokens) : null));

        public void End(HttpContext context, List<Generation> generations)
        {
            if (sampling.IncludeUsage)
            {
                Answers.Event(context, json => Envelope(json, () => { }, () => Usage(json, generations, generations.Sum(g => g.Tokens))));
            }

            Answers.Done(context);
        }

        private static void Usage(Utf8JsonWriter json, IReadOnlyList<Generation> generations, int completion)
        {
            // A prompt counts once, however many choices it has.
            var prompt = generations.Select(g => g.Prompt).Distinct<Prompt>(ReferenceEqualityComparer.Instance).Sum(p => p.Tokens);
            json.WriteStartObject("usage");
            json.WriteNumber("prompt_tokens", prompt);
            json.WriteNumber("total_tokens", prompt + completion);
            json.WriteNumber("completion_tokens", completion);
            json.WriteNull("prompt_tokens_details");
            json.WriteEndObject();
        }

        private void Choice(Utf8JsonWriter json, int index, string text, string? finish, bool chunk)
        {
            json.WriteStartObject();
            json.WriteNumber("index", index);
            format.WriteText(json, text, chunk);
            json.WriteNull("logprobs");
            json.WriteString("finish_reason", finish);
            json.WriteNull("stop_reason");
            json.WriteEndObject();
        }

        private void Envelope(Utf8JsonWriter json, Action choices, Action? usage = null)
        {
            json.WriteStartObject();
            Head(json, chunk: true);
            json.WriteStartArray("choices");
            choices();
            json.WriteEndArray();
            usage?.Invoke();
            json.WriteEndObject();
        }

        private void Head(Utf8JsonWriter json, bool chunk)
        {
            json.WriteString("id", id);
            json.WriteString("object", format.ObjectName(chunk));
            json.WriteNumber("created", created);
            json.WriteString("model", model);
            json.WriteString("system_fingerprint", Fingerprint);
        }
    }
}
