using Preheat.Models;
using Preheat.Simulation.Hardware;

namespace Preheat.Serving;

/// <summary>Whether a model and the KV cache of at least one request fit the accelerators.</summary>
/// <remarks>
/// vLLM takes 0.9 of a GPU's memory: weights, what its profiling run needs (logits of 256 sequences, as 16 bit and as float with a copy; the activations of 2,048 tokens), and the
/// KV cache in what is left (docs.vllm.ai, "Conserving Memory"). The runtime takes about 0.4 GiB. Tensor parallelism divides weights and cache.
/// </remarks>
internal sealed record MemoryFit
{
    /// <summary>vLLM's default of <c>--gpu-memory-utilization</c>.</summary>
    public const double Utilisation = 0.9;

    private const long RuntimeBytes = 400L << 20;
    private const int Sequences = 256;
    private const int BytesPerLogit = 10;
    private const int BatchedTokens = 2048;
    private const int Block = 16;
    private const double GiB = 1L << 30;

    /// <summary>Context length to give the server; null when the model's own fits, or nothing is known.</summary>
    public int? MaxModelLength { get; private init; }

    /// <summary>Works out the context length for a deployment.</summary>
    /// <exception cref="UserException">Weights or the asked context do not fit; the message has the numbers.</exception>
    public static MemoryFit Of(Deployment deployment, ModelSnapshot model)
    {
        var asked = deployment.MaxModelLength;
        if (model.Dimensions is not { } shape || Accelerators.Find(deployment.Accelerator) is not { } hardware)
            return new() { MaxModelLength = asked };
        var count = deployment.AcceleratorCount;
        if (shape.Heads % count != 0)
            throw new UserException($"{model.Name} has {shape.Heads} attention heads, which {count} accelerators cannot share evenly. Give an --accelerator-count that divides {shape.Heads}.");
        if (asked > shape.MaxPositions)
            throw new UserException($"--max-model-length {asked} is more than the {shape.MaxPositions} tokens that {model.Name} was made for.");
        var usable = hardware.MemoryBytes * Utilisation;
        var weights = (double)model.WeightBytes / count;
        var working = RuntimeBytes + ((double)Sequences * shape.VocabularySize * BytesPerLogit / count) + (BatchedTokens * 2 * ((4.0 * shape.HiddenSize) + (3.0 * shape.IntermediateSize / count)));
        // Key/value heads that are fewer than the GPUs are kept on several of them.
        var perToken = (double)shape.KvBytesPerToken / Math.Min(count, shape.KvHeads);
        var tokens = (long)((usable - weights - working) / perToken) / Block * Block;
        var numbers = FormattableString.Invariant(
            $"{count} × {deployment.Accelerator} at {Utilisation} offer {usable / GiB:0.0} GiB each; the weights take {weights / GiB:0.0} GiB, the server's work {working / GiB:0.0} GiB, and each token of context {perToken / 1024:0} KiB");
        if (tokens < Block)
            throw new UserException($"{model.Name} does not fit: {numbers}. Nothing is left for the context. Use a larger --accelerator-count, another --accelerator, or a smaller model.");
        if (asked > tokens)
            throw new UserException($"--max-model-length {asked} does not fit: {numbers}, so {tokens} tokens fit. Give at most that, or a larger --accelerator-count or another --accelerator.");
        return new() { MaxModelLength = asked ?? (tokens < shape.MaxPositions ? (int)tokens : null) };
    }
}
