namespace Preheat.Simulation.Batching;

/// <summary>How a serving engine batches. Names are vLLM's.</summary>
public sealed record BatchSettings
{
    /// <summary>At most this many sequences run in one iteration. The default value is 256.</summary>
    public int MaxNumSeqs { get; init; } = 256;

    /// <summary>At most this many tokens are computed in one iteration. The default value is 2,048.</summary>
    public int MaxNumBatchedTokens { get; init; } = 2048;

    /// <summary>Whether a prompt may be computed in several iterations. The default value is true.</summary>
    public bool ChunkedPrefill { get; init; } = true;

    /// <summary>Longest prompt plus output of one sequence, tokens. The default value is 8,192.</summary>
    public int MaxModelLen { get; init; } = 8192;

    /// <summary>Tokens per block of the KV cache. The default value is 16.</summary>
    public int BlockSize { get; init; } = 16;

    /// <summary>Blocks of the KV cache.</summary>
    public required int KvBlocks { get; init; }

    /// <summary>
    /// Whether the engine goes on working on a request whose client has hung up: false where the entry point aborts it
    /// (the OpenAI server does), true where it does not notice. The default value is false.
    /// </summary>
    public bool AbandonedRequestsRun { get; init; }

    /// <exception cref="ArgumentException">A value that no engine could run with.</exception>
    internal BatchSettings Validated()
    {
        Check(MaxNumSeqs >= 1, nameof(MaxNumSeqs));
        Check(MaxNumBatchedTokens >= 1, nameof(MaxNumBatchedTokens));
        Check(MaxModelLen >= 1, nameof(MaxModelLen));
        Check(BlockSize >= 1, nameof(BlockSize));
        Check((long)KvBlocks * BlockSize >= MaxModelLen, $"{nameof(KvBlocks)} × {nameof(BlockSize)} below {nameof(MaxModelLen)}");
        return this;

        static void Check(bool holds, string what)
        {
            if (!holds)
            {
                throw new ArgumentException($"Batch settings cannot run: {what}.");
            }
        }
    }
}
