using Preheat.Simulation.Hardware;

namespace Preheat.Simulation.Batching;

/// <summary>
/// Continuous batching at iteration level, as a state machine without a clock: <see cref="NextIteration"/> plans one
/// iteration and says how long it lasts, <see cref="Complete"/> says what it brought. Whoever drives it lets the time pass, real or virtual.
/// </summary>
/// <remarks>
/// The order is vLLM's: running sequences first (one token each, or the rest of their prompt), then waiting ones in the order of
/// arrival, within <see cref="BatchSettings.MaxNumBatchedTokens"/>, <see cref="BatchSettings.MaxNumSeqs"/> and the free blocks of the
/// KV cache. A running sequence that finds no block takes those of the sequence that started last, which computes its tokens again later. Not thread-safe.
/// </remarks>
public sealed class BatchScheduler
{
    private readonly StepCost cost;
    private readonly LinkedList<Sequence> waiting = new();
    private readonly List<Sequence> running = [];
    private readonly HashSet<Sequence> abandonedAtWork = [];
    private long nextId;
    private bool planned;

    /// <exception cref="ArgumentException">Settings that no engine could run with.</exception>
    public BatchScheduler(StepCost cost, BatchSettings settings)
    {
        this.cost = cost;
        Settings = settings.Validated();
        FreeBlocks = settings.KvBlocks;
    }

    public BatchSettings Settings { get; }

    public int Running => running.Count;

    public int Waiting => waiting.Count;

    public int FreeBlocks { get; private set; }

    /// <summary>Part of the KV cache in use, 0 to 1.</summary>
    public double CacheUsage => 1 - (double)FreeBlocks / Settings.KvBlocks;

    /// <summary>How many sequences lost their blocks since the start.</summary>
    public long Preemptions { get; private set; }

    /// <summary>Nothing runs and nothing waits.</summary>
    public bool Idle => running.Count == 0 && waiting.Count == 0;

    /// <summary>Puts a sequence at the end of the waiting queue.</summary>
    /// <param name="promptTokens">Tokens of the prompt, from 1 to one less than <see cref="BatchSettings.MaxModelLen"/>.</param>
    /// <param name="maxTokens">Most tokens it may emit; cut at <see cref="BatchSettings.MaxModelLen"/>.</param>
    /// <param name="endsAfter">After how many tokens the model itself ends the text, if it does.</param>
    /// <exception cref="ArgumentOutOfRangeException">A prompt that is empty or leaves no room, or no token asked.</exception>
    public Sequence Enqueue(int promptTokens, int maxTokens, int? endsAfter = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(promptTokens, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(promptTokens, Settings.MaxModelLen);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTokens, 1);
        var output = Math.Min(Math.Min(maxTokens, endsAfter ?? int.MaxValue), Settings.MaxModelLen - promptTokens);
        var sequence = new Sequence(nextId++, promptTokens, Math.Max(1, output));
        waiting.AddLast(sequence);
        return sequence;
    }

    /// <summary>The client of a sequence hung up. Frees its place at once, unless <see cref="BatchSettings.AbandonedRequestsRun"/>.</summary>
    /// <returns>Whether the sequence has gone.</returns>
    public bool Abandon(Sequence sequence)
    {
        if (Settings.AbandonedRequestsRun || sequence.State is SequenceState.Finished or SequenceState.Abandoned)
        {
            return false;
        }

        if (sequence.State == SequenceState.Waiting)
        {
            waiting.Remove(sequence);
        }
        else if (planned)
        {
            // The iteration under way still holds its blocks; Complete lets them go.
            abandonedAtWork.Add(sequence);
        }
        else
        {
            running.Remove(sequence);
            Release(sequence);
        }

        sequence.State = SequenceState.Abandoned;
        return true;
    }

    /// <summary>Plans the next iteration; null when there is nothing to do.</summary>
    /// <exception cref="InvalidOperationException">The iteration before is not complete.</exception>
    public Iteration? NextIteration()
    {
        if (planned)
        {
            throw new InvalidOperationException("An iteration is under way: complete it first.");
        }

        if (Idle)
        {
            return null;
        }

        var budget = Settings.ChunkedPrefill ? Settings.MaxNumBatchedTokens : Math.Max(Settings.MaxNumBatchedTokens, Settings.MaxModelLen);
        var plan = new Plan(budget);
        var preempted = ScheduleRunning(plan);
        var started = preempted ? [] : Admit(plan);
        planned = true;
        return new Iteration(cost.Iteration(plan.Decodes, plan.ContextTokens, plan.PromptTokens, plan.PromptPairs), started, plan.Sequences, budget - plan.Budget);
    }

    /// <summary>Ends the planned iteration: tokens are emitted, complete sequences leave and free their blocks.</summary>
    /// <exception cref="InvalidOperationException">No iteration is planned.</exception>
    public IterationOutcome Complete()
    {
        if (!planned)
        {
            throw new InvalidOperationException("No iteration is under way.");
        }

        planned = false;
        var emitted = new List<Sequence>(running.Count);
        var finished = new List<Sequence>();
        var kept = 0;
        for (var i = 0; i < running.Count; i++)
        {
            var sequence = running[i];
            if (abandonedAtWork.Count > 0 && abandonedAtWork.Remove(sequence))
            {
                Release(sequence);
                continue;
            }

            sequence.Computed += sequence.Scheduled;
            if (sequence.Scheduled > 0 && sequence.Pending == 0)
            {
                sequence.Emitted++;
                emitted.Add(sequence);
            }

            sequence.Scheduled = 0;
            if (sequence.Emitted == sequence.OutputTokens)
            {
                sequence.State = SequenceState.Finished;
                finished.Add(sequence);
                Release(sequence);
                continue;
            }

            running[kept++] = sequence;
        }

        running.RemoveRange(kept, running.Count - kept);
        return new IterationOutcome(emitted, finished);
    }

    private bool ScheduleRunning(Plan plan)
    {
        var preempted = false;
        for (var i = 0; i < running.Count && plan.Budget > 0; i++)
        {
            var sequence = running[i];
            var tokens = Math.Min(sequence.Pending, plan.Budget);
            while (!TryReserve(sequence, tokens))
            {
                preempted = true;
                var victim = running[^1];
                Preempt(victim);
                if (ReferenceEquals(victim, sequence))
                {
                    return true;
                }
            }

            plan.Add(sequence, tokens);
        }

        return preempted;
    }

    private List<Sequence> Admit(Plan plan)
    {
        var started = new List<Sequence>();
        while (waiting.First is { Value: var sequence } && running.Count < Settings.MaxNumSeqs && plan.Budget > 0)
        {
            var tokens = sequence.Pending;
            if (tokens > plan.Budget)
            {
                if (!Settings.ChunkedPrefill)
                {
                    break;
                }

                tokens = plan.Budget;
            }

            if (!TryReserve(sequence, tokens))
            {
                break;
            }

            waiting.RemoveFirst();
            sequence.State = SequenceState.Running;
            running.Add(sequence);
            plan.Add(sequence, tokens);
            if (sequence.Preemptions == 0)
            {
                started.Add(sequence);
            }
        }

        return started;
    }

    private bool TryReserve(Sequence sequence, int tokens)
    {
        var needed = (sequence.Computed + tokens + Settings.BlockSize - 1) / Settings.BlockSize - sequence.Blocks;
        if (needed > FreeBlocks)
        {
            return false;
        }

        FreeBlocks -= Math.Max(0, needed);
        sequence.Blocks += Math.Max(0, needed);
        return true;
    }

    private void Preempt(Sequence victim)
    {
        // Sequences are planned from the front, so the last one has no part in this plan yet.
        running.RemoveAt(running.Count - 1);
        Release(victim);
        victim.Computed = 0;
        victim.Preemptions++;
        victim.State = SequenceState.Waiting;
        Preemptions++;
        waiting.AddFirst(victim);
    }

    private void Release(Sequence sequence)
    {
        FreeBlocks += sequence.Blocks;
        sequence.Blocks = 0;
        sequence.Scheduled = 0;
    }

    /// <summary>The sums that an iteration's cost is made of.</summary>
    private sealed class Plan(int budget)
    {
        public int Budget { get; private set; } = budget;

        public int Decodes { get; private set; }

        public int Sequences { get; private set; }

        public long ContextTokens { get; private set; }

        public int PromptTokens { get; private set; }

        public double PromptPairs { get; private set; }

        public void Add(Sequence sequence, int tokens)
        {
            sequence.Scheduled = tokens;
            Budget -= tokens;
            Sequences++;
            if (sequence.Emitted > 0 && sequence.Pending == 1)
            {
                Decodes++;
                ContextTokens += sequence.Computed + 1L;
                return;
            }

            PromptTokens += tokens;
            PromptPairs += tokens * (double)sequence.Computed + tokens * (double)tokens / 2;
        }
    }
}
