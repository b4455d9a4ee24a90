using System.Threading.Channels;

namespace Preheat.Simulation.Batching;

/// <summary>Hears what happens to one request. Called on the pump's thread: must be quick, must not throw.</summary>
public interface ISequenceObserver
{
    /// <summary>Its first iteration begins.</summary>
    void OnStarted();

    /// <summary>One more token; <paramref name="last"/> when the sequence is complete.</summary>
    void OnToken(bool last);

    /// <summary>It left before it was complete: its client hung up, or the pump stopped.</summary>
    void OnAborted();
}

/// <summary>How full an engine is at a moment.</summary>
public sealed record BatchLoad(int Running, int Waiting, double CacheUsage, long Preemptions);

/// <summary>
/// Drives a <see cref="BatchScheduler"/> against a clock. It sleeps while there is nothing to do. Iterations shorter than a timer's
/// resolution are run ahead in small groups and the clock is let catch up, so that the mean speed is the modelled one.
/// </summary>
public sealed class BatchPump : IAsyncDisposable
{
    /// <summary>Timers are about this coarse: shorter waits are gathered.</summary>
    private static readonly TimeSpan Granularity = TimeSpan.FromMilliseconds(1);

    /// <summary>A pump further behind its clock than this forgives the rest: a burst would be no model of anything.</summary>
    private static readonly TimeSpan Forgiven = TimeSpan.FromMilliseconds(250);

    private readonly BatchScheduler scheduler;
    private readonly TimeProvider time;
    private readonly Channel<(Ticket Ticket, bool Leaves)> inbox = Channel.CreateUnbounded<(Ticket, bool)>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Dictionary<Sequence, Ticket> live = [];
    private readonly CancellationTokenSource stop = new();
    private readonly Task loop;
    private int queued;
    private BatchLoad load = new(0, 0, 0, 0);
    private long busyTicks;

    /// <summary>Starts driving. The scheduler belongs to the pump from now on.</summary>
    public BatchPump(BatchScheduler scheduler, TimeProvider time)
    {
        this.scheduler = scheduler;
        this.time = time;
        loop = Task.Run(RunAsync);
    }

    /// <summary>The load after the last event.</summary>
    public BatchLoad Load
    {
        get
        {
            lock (live)
            {
                return load with { Waiting = load.Waiting + Volatile.Read(ref queued) };
            }
        }
    }

    /// <summary>Time that the accelerator has worked since the start: the sum of all iterations' durations.</summary>
    public TimeSpan Busy => TimeSpan.FromTicks(Interlocked.Read(ref busyTicks));

    /// <summary>Asks for a sequence.</summary>
    /// <returns>To be disposed when the client has gone or is served: a sequence that is not complete is abandoned then.</returns>
    public IDisposable Submit(int promptTokens, int maxTokens, int? endsAfter, ISequenceObserver observer)
    {
        var ticket = new Ticket(this, promptTokens, maxTokens, endsAfter, observer);
        Interlocked.Increment(ref queued);
        if (!inbox.Writer.TryWrite((ticket, false)))
        {
            Interlocked.Decrement(ref queued);
            observer.OnAborted();
        }

        return ticket;
    }

    public async ValueTask DisposeAsync()
    {
        inbox.Writer.TryComplete();
        await stop.CancelAsync();
        await loop;
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        var due = time.GetTimestamp();
        try
        {
            while (true)
            {
                Drain();
                if (scheduler.NextIteration() is not { } iteration)
                {
                    if (!await inbox.Reader.WaitToReadAsync(stop.Token))
                    {
                        break;
                    }

                    due = time.GetTimestamp();
                    continue;
                }

                foreach (var sequence in iteration.Started)
                {
                    live[sequence].Observer.OnStarted();
                }

                Publish();
                Interlocked.Add(ref busyTicks, iteration.Duration.Ticks);
                due += (long)(iteration.Duration.TotalSeconds * time.TimestampFrequency);
                var ahead = time.GetElapsedTime(time.GetTimestamp(), due);
                if (ahead >= Granularity)
                {
                    await Task.Delay(ahead, time, stop.Token);
                }
                else if (ahead < -Forgiven)
                {
                    due = time.GetTimestamp();
                }

                stop.Token.ThrowIfCancellationRequested();
                Drain();
                Deliver(scheduler.Complete());
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed: whoever still waits is told below.
        }

        Drain();
        foreach (var ticket in live.Values)
        {
            ticket.Observer.OnAborted();
        }

        live.Clear();
    }

    private void Drain()
    {
        var any = false;
        while (inbox.Reader.TryRead(out var message))
        {
            any = true;
            var ticket = message.Ticket;
            if (message.Leaves)
            {
                if (ticket.Sequence is { } sequence && scheduler.Abandon(sequence))
                {
                    live.Remove(sequence);
                    ticket.Observer.OnAborted();
                }

                continue;
            }

            Interlocked.Decrement(ref queued);
            ticket.Sequence = scheduler.Enqueue(ticket.PromptTokens, ticket.MaxTokens, ticket.EndsAfter);
            live[ticket.Sequence] = ticket;
        }

        if (any)
        {
            Publish();
        }
    }

    private void Deliver(IterationOutcome outcome)
    {
        foreach (var sequence in outcome.Emitted)
        {
            if (live.TryGetValue(sequence, out var ticket))
            {
                ticket.Observer.OnToken(sequence.State == SequenceState.Finished);
            }
        }

        foreach (var sequence in outcome.Finished)
        {
            live.Remove(sequence);
        }

        Publish();
    }

    private void Publish()
    {
        lock (live)
        {
            load = new BatchLoad(scheduler.Running, scheduler.Waiting, scheduler.CacheUsage, scheduler.Preemptions);
        }
    }

    /// <summary>A request on its way into the scheduler, and again when its client goes.</summary>
    private sealed class Ticket(BatchPump pump, int promptTokens, int maxTokens, int? endsAfter, ISequenceObserver observer) : IDisposable
    {
        private int disposed;

        public int PromptTokens => promptTokens;

        public int MaxTokens => maxTokens;

        public int? EndsAfter => endsAfter;

        public ISequenceObserver Observer => observer;

        public Sequence? Sequence { get; set; }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref disposed, 1) == 0)
            {
                pump.inbox.Writer.TryWrite((this, true));
            }
        }
    }
}
