namespace Preheat.Simulation.Hardware;

/// <summary>
/// What one iteration of a serving engine lasts: <c>a + b·n + c·n·S</c> for n decoding sequences of mean context S, and for the
/// prompt tokens computed in the same iteration their matrix work, which hides behind the read of the weights or the other way round.
/// All values in seconds.
/// </summary>
public sealed record StepCost
{
    /// <summary>a: the weights read once per step, plus what each layer costs anyway.</summary>
    public required double Base { get; init; }

    /// <summary>b: the extra work of one more decoding sequence.</summary>
    public required double PerSequence { get; init; }

    /// <summary>c: the KV cache of one token of context read.</summary>
    public required double PerContextToken { get; init; }

    /// <summary>Matrix work of one prompt token.</summary>
    public required double PerPromptToken { get; init; }

    /// <summary>Attention work of one (prompt token, earlier token) pair.</summary>
    public double PerPromptPair { get; init; }

    /// <summary>Least time of an iteration in which any prompt token is computed.</summary>
    public double PrefillFloor { get; init; }

    /// <summary>Scheduling and sampling of the engine around each iteration. The default value is 0: the hardware alone.</summary>
    public double EngineOverhead { get; init; }

    /// <summary>How long one iteration lasts.</summary>
    /// <param name="sequences">Decoding sequences.</param>
    /// <param name="contextTokens">Sum of their contexts (n·S).</param>
    /// <param name="promptTokens">Prompt tokens computed beside them.</param>
    /// <param name="promptPairs">For each prompt token the number of tokens it attends to, summed.</param>
    public TimeSpan Iteration(int sequences, long contextTokens, int promptTokens = 0, double promptPairs = 0)
    {
        var body = promptTokens == 0
            ? Base
            : Math.Max(Math.Max(Base, PrefillFloor), PerPromptToken * promptTokens) + PerPromptPair * promptPairs;
        return TimeSpan.FromSeconds(EngineOverhead + body + PerSequence * sequences + PerContextToken * contextTokens);
    }

    /// <summary>One decode step of <paramref name="sequences"/> sequences with <paramref name="context"/> tokens each.</summary>
    public TimeSpan Decode(int sequences, int context) => Iteration(sequences, (long)sequences * context);

    /// <summary>One prefill of a whole prompt.</summary>
    public TimeSpan Prefill(int tokens) => Iteration(0, 0, tokens, tokens * (double)tokens / 2);

    /// <summary>
    /// The cost from bytes moved ÷ bandwidth and operations ÷ peak. Tensor parallelism divides both and adds two all-reduces per layer.
    /// </summary>
    public static StepCost FromFirstPrinciples(ModelShape model, AcceleratorProfile hardware, int tensorParallel = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tensorParallel, 1);
        var bytes = hardware.BytesPerSecond * tensorParallel;
        var flops = hardware.FlopsPerSecond * tensorParallel;
        var allReduces = tensorParallel == 1 ? 0 : 2 * model.Layers;
        // A ring moves 2·(t−1)/t of the activations over each link; they are 16 bit.
        var wirePerToken = allReduces * (2d * (tensorParallel - 1) / tensorParallel) * model.HiddenSize * 2 / hardware.LinkBytesPerSecond;
        var latency = allReduces * hardware.AllReduceSeconds;
        return new StepCost
        {
            Base = model.WeightBytes / (bytes * hardware.WeightReadEfficiency) + model.Layers * hardware.LayerSeconds + latency,
            PerSequence = 2d * model.Parameters / (flops * hardware.DecodeEfficiency) + wirePerToken,
            PerContextToken = model.KvBytesPerToken / (bytes * hardware.CacheReadEfficiency),
            PerPromptToken = 2d * model.Parameters / (flops * hardware.PrefillEfficiency) + wirePerToken,
            // Q·K and weights·V: 2 products of 2 operations per head dimension.
            PerPromptPair = 4d * model.Layers * model.Heads * model.HeadDim / (flops * hardware.PrefillEfficiency),
            PrefillFloor = model.Layers * hardware.PrefillLayerSeconds + latency,
        };
    }
}
