using System.Threading.Channels;
using Preheat.LocalCloud.Serving.Metrics;
using Preheat.Simulation.Batching;

namespace Preheat.LocalCloud.Serving.Api;

/// <summary>One more token of one choice.</summary>
internal sealed record TokenEvent(Generation Generation, int Tokens, bool Last);

/// <summary>One choice on its way: hears the batch, keeps its times, knows its text.</summary>
internal sealed class Generation : ISequenceObserver
{
    private readonly PseudoText text;
    private readonly int textEnd;
    private readonly bool stopped;
    private readonly IGenerationMetrics metrics;
    private readonly TimeProvider time;
    private readonly ChannelWriter<TokenEvent>? events;
    private readonly TaskCompletionSource<bool> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long arrived;
    private long started;
    private long firstToken;
    private long lastToken;
    private int tokens;

    /// <param name="index">Index of the choice.</param>
    /// <param name="limit">Most tokens allowed.</param>
    /// <param name="events">Where tokens are announced when the client streams; null otherwise.</param>
    public Generation(int index, Prompt prompt, Sampling sampling, int limit, long serverSeed, IGenerationMetrics metrics, TimeProvider time, ChannelWriter<TokenEvent>? events)
    {
        Index = index;
        Prompt = prompt;
        this.metrics = metrics;
        this.time = time;
        this.events = events;
        text = new PseudoText(sampling.Seed ?? serverSeed, prompt.Text, index % sampling.Choices);
        var natural = sampling.IgnoreEos ? int.MaxValue : Math.Max(text.NaturalLength, sampling.MinTokens);
        Tokens = Math.Min(limit, natural);
        textEnd = int.MaxValue;
        stopped = natural <= limit && natural != int.MaxValue;
        if (sampling.Stop.Count > 0 && text.FindStop(sampling.Stop, Tokens) is var (position, length, at) && at >= sampling.MinTokens)
        {
            Tokens = at;
            textEnd = sampling.IncludeStop ? position + length : position;
            stopped = true;
        }

        arrived = time.GetTimestamp();
    }

    public int Index { get; }

    public Prompt Prompt { get; }

    /// <summary>How many tokens it will have.</summary>
    public int Tokens { get; }

    /// <summary>Whether a stop string ended it.</summary>
    public bool StoppedByString => textEnd != int.MaxValue;

    /// <summary><c>stop</c> or <c>length</c>.</summary>
    public string FinishReason => stopped ? "stop" : "length";

    /// <summary>Completes with true when the last token is there, with false when it was aborted.</summary>
    public Task<bool> Done => done.Task;

    /// <summary>The text that comes with the token number <paramref name="token"/>, from 1.</summary>
    public string TextOf(int token) => text.Part(Math.Min(text.LengthAfter(token - 1), textEnd), Math.Min(text.LengthAfter(token), textEnd));

    /// <summary>The whole text.</summary>
    public string WholeText() => text.Part(0, Math.Min(text.LengthAfter(Tokens), textEnd));

    public void OnStarted()
    {
        started = time.GetTimestamp();
        metrics.OnStarted(Seconds(arrived, started));
    }

    public void OnToken(bool last)
    {
        var now = time.GetTimestamp();
        tokens++;
        if (tokens == 1)
        {
            firstToken = now;
        }

        metrics.OnToken(tokens == 1 ? Prompt.Tokens : null, tokens == 1 ? Seconds(arrived, now) : Seconds(lastToken, now));
        lastToken = now;
        if (last)
        {
            metrics.OnFinished(FinishReason, tokens, Times(now));
        }

        events?.TryWrite(new TokenEvent(this, tokens, last));
        if (last)
        {
            done.TrySetResult(true);
        }
    }

    public void OnAborted()
    {
        metrics.OnAborted();
        events?.TryComplete(new OperationCanceledException("The engine stopped."));
        done.TrySetResult(false);
    }

    /// <summary>The times of a choice that is done.</summary>
    public GenerationTimes Times() => Times(lastToken);

    private GenerationTimes Times(long end) => new(Seconds(arrived, started), Seconds(started, firstToken), Seconds(firstToken, end), Seconds(arrived, end));

    private double Seconds(long from, long to) => time.GetElapsedTime(from, to).TotalSeconds;
}
