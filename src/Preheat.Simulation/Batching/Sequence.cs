namespace Preheat.Simulation.Batching;

/// <summary>Where a sequence stands.</summary>
public enum SequenceState
{
    Waiting,
    Running,
    Finished,
    Abandoned,
}

/// <summary>One sequence inside a <see cref="BatchScheduler"/>: a prompt and the tokens that will follow it.</summary>
public sealed class Sequence
{
    internal Sequence(long id, int promptTokens, int outputTokens)
    {
        Id = id;
        PromptTokens = promptTokens;
        OutputTokens = outputTokens;
    }

    /// <summary>Order of arrival, from 0.</summary>
    public long Id { get; }

    public int PromptTokens { get; }

    /// <summary>How many tokens it will emit if it is not abandoned.</summary>
    public int OutputTokens { get; }

    /// <summary>Tokens emitted until now.</summary>
    public int Emitted { get; internal set; }

    /// <summary>Tokens whose keys and values are in the cache.</summary>
    public int Computed { get; internal set; }

    /// <summary>Blocks of the KV cache it holds.</summary>
    public int Blocks { get; internal set; }

    /// <summary>How often it lost its blocks and had to start its computation again.</summary>
    public int Preemptions { get; internal set; }

    public SequenceState State { get; internal set; }

    internal int Scheduled { get; set; }

    internal int Total => PromptTokens + Emitted;

    internal int Pending => Total - Computed;
}
