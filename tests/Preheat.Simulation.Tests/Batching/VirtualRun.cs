using Preheat.Simulation.Batching;
using Preheat.Simulation.Hardware;

namespace Preheat.Simulation.Tests.Batching;

/// <summary>Drives a scheduler through virtual time and checks after every iteration what must hold always.</summary>
internal sealed class VirtualRun(BatchScheduler scheduler)
{
    public static readonly StepCost Cost = new()
    {
        Base = 5e-3,
        PerSequence = 1e-5,
        PerContextToken = 1e-7,
        PerPromptToken = 2e-5,
        PrefillFloor = 6e-3,
    };

    public TimeSpan Elapsed { get; private set; }

    public long Tokens { get; private set; }

    public List<Sequence> StartOrder { get; } = [];

    public List<Sequence> Finished { get; } = [];

    /// <summary>Runs one iteration; false when there was nothing to do.</summary>
    public bool Step(List<Sequence> all)
    {
        if (scheduler.NextIteration() is not { } iteration)
        {
            return false;
        }

        iteration.Duration.ShouldBeGreaterThan(TimeSpan.Zero);
        iteration.Tokens.ShouldBeGreaterThan(0, "an iteration that computes nothing would go on for ever");
        scheduler.Running.ShouldBeLessThanOrEqualTo(scheduler.Settings.MaxNumSeqs);
        if (scheduler.Settings.ChunkedPrefill)
        {
            iteration.Tokens.ShouldBeLessThanOrEqualTo(scheduler.Settings.MaxNumBatchedTokens);
        }

        BlocksAddUp(all);
        StartOrder.AddRange(iteration.Started);
        var outcome = scheduler.Complete();
        Elapsed += iteration.Duration;
        Tokens += outcome.Emitted.Count;
        Finished.AddRange(outcome.Finished);
        BlocksAddUp(all);
        return true;
    }

    private void BlocksAddUp(List<Sequence> all)
    {
        scheduler.FreeBlocks.ShouldBeGreaterThanOrEqualTo(0);
        (all.Sum(s => s.Blocks) + scheduler.FreeBlocks).ShouldBe(scheduler.Settings.KvBlocks);
        foreach (var sequence in all.Where(s => s.State == SequenceState.Running))
        {
            (sequence.Blocks * scheduler.Settings.BlockSize).ShouldBeGreaterThanOrEqualTo(sequence.Computed);
        }
    }
}
