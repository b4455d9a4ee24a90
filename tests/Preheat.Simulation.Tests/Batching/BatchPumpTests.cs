using System.Collections.Concurrent;
using System.Diagnostics;
using Preheat.Simulation.Batching;
using Preheat.Simulation.Hardware;

namespace Preheat.Simulation.Tests.Batching;

public sealed class BatchPumpTests
{
    [Fact]
    public async Task Emits_every_token_and_then_says_so()
    {
        await using var pump = Pump(1e-4);
        var observer = new Recorder();

        pump.Submit(10, 25, null, observer);

        (await observer.Done.Task.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBe("last");
        observer.Tokens.ShouldBe(25);
        observer.Started.ShouldBe(1);
    }

    [Fact]
    public async Task A_client_that_leaves_frees_its_place()
    {
        await using var pump = Pump(1e-3, maxNumSeqs: 1);
        var first = new Recorder();
        var second = new Recorder();
        var ticket = pump.Submit(10, 100_000, null, first);
        pump.Submit(10, 3, null, second);

        await first.Running.Task.WaitAsync(TimeSpan.FromSeconds(20));
        ticket.Dispose();

        (await first.Done.Task.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBe("aborted");
        (await second.Done.Task.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBe("last");
        ticket.Dispose();
    }

    [Fact]
    public async Task Stopping_aborts_whoever_waits()
    {
        var pump = Pump(1e-3, maxNumSeqs: 1);
        var observers = Enumerable.Range(0, 5).Select(_ => new Recorder()).ToList();
        observers.ForEach(o => pump.Submit(10, 100_000, null, o));

        await pump.DisposeAsync();

        foreach (var observer in observers)
        {
            (await observer.Done.Task.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBe("aborted");
        }
    }

    [Fact]
    public async Task Steps_far_below_a_timers_resolution_keep_the_modelled_speed_on_their_own_clock()
    {
        // A clock that moves only when it is waited on: the pump's waits must add up to the modelled time.
        var clock = new WaitingClock();
        await using var pump = Pump(50e-6, clock: clock);
        var observer = new Recorder();

        pump.Submit(1, 10_000, null, observer);

        await observer.Done.Task.WaitAsync(TimeSpan.FromSeconds(20));
        clock.Elapsed.TotalSeconds.ShouldBe(10_000 * 50e-6, 0.005);
        clock.Waits.ShouldBeLessThan(600);
    }

    [Fact]
    public async Task Sleeps_while_there_is_nothing_to_do()
    {
        var clock = new WaitingClock();
        await using var pump = Pump(1e-3, clock: clock);
        var observer = new Recorder();
        pump.Submit(1, 5, null, observer);
        await observer.Done.Task.WaitAsync(TimeSpan.FromSeconds(20));
        var waits = clock.Waits;

        var watch = Stopwatch.StartNew();
        while (watch.ElapsedMilliseconds < 50)
        {
            await Task.Delay(10);
        }

        clock.Waits.ShouldBe(waits);
        pump.Load.ShouldBe(new BatchLoad(0, 0, 0, 0));
    }

    private static BatchPump Pump(double stepSeconds, int maxNumSeqs = 64, TimeProvider? clock = null) => new(
        new BatchScheduler(
            new StepCost { Base = stepSeconds, PerSequence = 0, PerContextToken = 0, PerPromptToken = 0 },
            new BatchSettings { KvBlocks = 10_000, MaxModelLen = 150_000, MaxNumSeqs = maxNumSeqs }),
        clock ?? TimeProvider.System);

    private sealed class Recorder : ISequenceObserver
    {
        public int Started;
        public int Tokens;

        public TaskCompletionSource Running { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<string> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void OnStarted()
        {
            Started++;
            Running.TrySetResult();
        }

        public void OnToken(bool last)
        {
            Tokens++;
            if (last)
            {
                Done.TrySetResult("last");
            }
        }

        public void OnAborted() => Done.TrySetResult("aborted");
    }

    /// <summary>Time passes only in timers, which fire at once.</summary>
    private sealed class WaitingClock : TimeProvider
    {
        private readonly ConcurrentQueue<TimeSpan> waits = [];
        private long ticks;

        public int Waits => waits.Count;

        public TimeSpan Elapsed => TimeSpan.FromTicks(Interlocked.Read(ref ticks));

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref ticks);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime > TimeSpan.Zero)
            {
                waits.Enqueue(dueTime);
                Interlocked.Add(ref ticks, dueTime.Ticks);
            }

            return System.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? TimeSpan.Zero : dueTime, period);
        }
    }
}
