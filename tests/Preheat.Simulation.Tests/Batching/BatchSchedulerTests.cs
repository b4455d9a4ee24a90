using FsCheck;
using FsCheck.Fluent;
using Preheat.Simulation.Batching;

namespace Preheat.Simulation.Tests.Batching;

public sealed class BatchSchedulerTests
{
    private sealed record Arrival(int Prompt, int Max, int EndsAfter, int AfterSteps, int AbandonedAfter);

    private sealed record Case(int Seqs, int Batched, bool Chunked, int SpareBlocks, bool AbandonedRun, Arrival[] Arrivals);

    private const int MaxLen = 256;

    private static readonly Gen<Arrival> Arrivals =
        from prompt in Gen.Choose(1, MaxLen - 1)
        from max in Gen.Choose(1, 100)
        from ends in Gen.Choose(1, 150)
        from after in Gen.Choose(0, 40)
        from abandoned in Gen.Choose(0, 200)
        select new Arrival(prompt, max, ends, after, abandoned);

    private static readonly Arbitrary<Case> Cases = (
        from seqs in Gen.Choose(1, 12)
        from batched in Gen.Choose(1, 400)
        from chunked in Gen.Elements(true, false)
        from spare in Gen.Choose(0, 40)
        from run in Gen.Elements(true, false)
        from arrivals in Gen.ArrayOf(Arrivals, 25)
        select new Case(seqs, batched, chunked, spare, run, arrivals)).ToArbitrary();

    [Fact]
    public void No_sequence_is_lost_and_every_limit_holds() => Prop.ForAll(Cases, Holds).QuickCheckThrowOnFailure();

    private static void Holds(Case given)
    {
        var scheduler = new BatchScheduler(VirtualRun.Cost, new BatchSettings
        {
            MaxNumSeqs = given.Seqs,
            MaxNumBatchedTokens = given.Batched,
            ChunkedPrefill = given.Chunked,
            MaxModelLen = MaxLen,
            KvBlocks = MaxLen / 16 + given.SpareBlocks,
            AbandonedRequestsRun = given.AbandonedRun,
        });
        var run = new VirtualRun(scheduler);
        var arrivals = given.Arrivals.OrderBy(a => a.AfterSteps).ToList();
        var all = new List<Sequence>();
        var gone = new HashSet<Sequence>();
        for (var step = 0; step < 100_000; step++)
        {
            while (all.Count < arrivals.Count && arrivals[all.Count].AfterSteps <= step)
            {
                all.Add(scheduler.Enqueue(arrivals[all.Count].Prompt, arrivals[all.Count].Max, arrivals[all.Count].EndsAfter));
            }

            // A third of the clients hang up some time after they came.
            for (var i = 0; i < all.Count; i++)
            {
                if (i % 3 == 0 && step == arrivals[i].AfterSteps + arrivals[i].AbandonedAfter && scheduler.Abandon(all[i]))
                {
                    gone.Add(all[i]).ShouldBeTrue();
                }
            }

            if (!run.Step(all) && all.Count == arrivals.Count)
            {
                break;
            }
        }

        scheduler.Idle.ShouldBeTrue();
        scheduler.FreeBlocks.ShouldBe(scheduler.Settings.KvBlocks);
        run.StartOrder.Select(s => s.Id).ShouldBe(run.StartOrder.Select(s => s.Id).Order());
        run.StartOrder.Distinct().Count().ShouldBe(run.StartOrder.Count);
        run.Finished.Concat(gone).Select(s => s.Id).Order().ShouldBe(all.Select(s => s.Id));
        if (given.AbandonedRun)
        {
            gone.ShouldBeEmpty();
        }

        foreach (var sequence in run.Finished)
        {
            var arrival = arrivals[(int)sequence.Id];
            sequence.Emitted.ShouldBe(Math.Min(Math.Min(arrival.Max, arrival.EndsAfter), MaxLen - arrival.Prompt));
        }
    }

    [Fact]
    public void Steady_state_throughput_matches_the_formula()
    {
        const int Sequences = 32;
        const int Prompt = 100;
        const int Output = 1000;
        var scheduler = Scheduler(s => s with { MaxNumSeqs = Sequences, MaxNumBatchedTokens = Sequences * Prompt });
        var all = Enumerable.Range(0, Sequences).Select(_ => scheduler.Enqueue(Prompt, Output)).ToList();
        var run = new VirtualRun(scheduler);
        run.Step(all).ShouldBeTrue();
        var prefill = run.Elapsed;
        while (run.Step(all))
        {
        }

        // Step k of a sequence reads its prompt, the k tokens emitted before, and itself.
        var cost = VirtualRun.Cost;
        var meanContext = Prompt + Output / 2.0;
        var perStep = cost.Base + cost.PerSequence * Sequences + cost.PerContextToken * Sequences * meanContext;
        (run.Elapsed - prefill).TotalSeconds.ShouldBe(perStep * (Output - 1), perStep);
        run.Tokens.ShouldBe(Sequences * Output);
        (Sequences / perStep).ShouldBe((run.Tokens - Sequences) / (run.Elapsed - prefill).TotalSeconds, 10);
    }

    [Fact]
    public void Admission_waits_while_the_cache_is_full()
    {
        var scheduler = Scheduler(s => s with { MaxModelLen = 64, KvBlocks = 4 });
        var all = new List<Sequence> { scheduler.Enqueue(60, 4), scheduler.Enqueue(60, 4) };
        var run = new VirtualRun(scheduler);

        run.Step(all);

        scheduler.Running.ShouldBe(1);
        scheduler.Waiting.ShouldBe(1);
        scheduler.CacheUsage.ShouldBe(1);
    }

    [Fact]
    public void A_sequence_without_room_for_its_next_token_preempts_the_one_that_started_last()
    {
        var scheduler = Scheduler(s => s with { MaxModelLen = 64, KvBlocks = 4 });
        var all = new List<Sequence> { scheduler.Enqueue(30, 30), scheduler.Enqueue(30, 30) };
        var run = new VirtualRun(scheduler);
        while (run.Step(all))
        {
        }

        scheduler.Preemptions.ShouldBeGreaterThan(0);
        all[0].Preemptions.ShouldBe(0);
        all[1].Preemptions.ShouldBeGreaterThan(0);
        run.Finished.Select(s => s.Emitted).ShouldBe([30, 30]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Whether_a_hung_up_client_frees_its_slot_is_a_property(bool run)
    {
        var scheduler = Scheduler(s => s with { MaxNumSeqs = 1, AbandonedRequestsRun = run });
        var first = scheduler.Enqueue(10, 50);
        var second = scheduler.Enqueue(10, 50);
        scheduler.NextIteration();

        scheduler.Abandon(first).ShouldBe(!run);
        scheduler.Complete();
        scheduler.NextIteration();

        first.State.ShouldBe(run ? SequenceState.Running : SequenceState.Abandoned);
        second.State.ShouldBe(run ? SequenceState.Waiting : SequenceState.Running);
    }

    [Fact]
    public void Refuses_what_could_never_run()
    {
        Should.Throw<ArgumentException>(() => Scheduler(s => s with { KvBlocks = 1 }));
        var scheduler = Scheduler(s => s);
        Should.Throw<ArgumentOutOfRangeException>(() => scheduler.Enqueue(scheduler.Settings.MaxModelLen, 1));
        Should.Throw<ArgumentOutOfRangeException>(() => scheduler.Enqueue(0, 1));
        Should.Throw<InvalidOperationException>(() => scheduler.Complete());
    }

    private static BatchScheduler Scheduler(Func<BatchSettings, BatchSettings> change) =>
        new(VirtualRun.Cost, change(new BatchSettings { KvBlocks = 100_000, MaxModelLen = 4096 }));
}
