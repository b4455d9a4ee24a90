namespace Preheat.Simulation.Hardware;

/// <summary>The numbers of a dense decoder that decide what a step costs and how much memory a token of context takes.</summary>
public sealed record ModelShape
{
    /// <summary>Bytes of weights read in one step (everything, where embeddings are tied; without the embedding table, where not).</summary>
    public required long WeightBytes { get; init; }

    /// <summary>Parameters that take part in each token's matrix products.</summary>
    public required long Parameters { get; init; }

    public required int Layers { get; init; }

    public required int Heads { get; init; }

    /// <summary>Key/value heads (grouped-query attention).</summary>
    public required int KvHeads { get; init; }

    /// <summary>Width of one head.</summary>
    public required int HeadDim { get; init; }

    public required int HiddenSize { get; init; }

    /// <summary>Bytes of one value of the KV cache. The default value is 2.</summary>
    public int KvValueBytes { get; init; } = 2;

    /// <summary>Bytes of KV cache one token takes over all layers: keys and values.</summary>
    public long KvBytesPerToken => 2L * Layers * KvHeads * HeadDim * KvValueBytes;
}
