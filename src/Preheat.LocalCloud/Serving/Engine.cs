using System.Globalization;
using Preheat.LocalCloud.Serving.Arguments;
using Preheat.LocalCloud.Serving.ModelFiles;
using Preheat.Simulation.Batching;
using Preheat.Simulation.Hardware;

namespace Preheat.LocalCloud.Serving;

/// <summary>How the simulated engine of one server is set up: what its flags, its model and its accelerators allow.</summary>
/// <param name="WeightBytesPerAccelerator">Bytes of weights in each accelerator's memory.</param>
/// <param name="CacheBytesPerAccelerator">Bytes left for the KV cache in each accelerator's memory.</param>
internal sealed record Engine(BatchSettings Batch, StepCost Cost, long WeightBytesPerAccelerator, long CacheBytesPerAccelerator)
{
    /// <summary>CUDA context, NCCL and what else is neither weights nor activations, bytes.</summary>
    public const long RuntimeBytes = 400L * 1024 * 1024;

    /// <summary>
    /// Scheduling, sampling and detokenising around each iteration, seconds. The one value here that no measurement supports:
    /// between what traces of vLLM 0.8 (about 2 ms) and of later versions (below 1 ms) show.
    /// </summary>
    public const double OverheadSeconds = 0.5e-3;

    private const double Gib = 1024d * 1024 * 1024;

    /// <summary>Sets an engine up as vLLM does, with its refusals.</summary>
    /// <exception cref="ServerExit">The model does not fit, or a value makes no sense.</exception>
    public static Engine Create(ModelFolder model, ParsedArguments args, AcceleratorProfile hardware, int acceleratorCount, bool abandonedRequestsRun, bool longModelLenAllowed)
    {
        var config = model.Config;
        var parallel = Parallel(args, config, acceleratorCount);
        var type = args.Text("dtype") is { } asked and not "auto" ? asked : config.Type;
        CheckType(type, args, hardware);
        var maxModelLen = MaxModelLen(args, config, longModelLenAllowed);
        var shape = Shape(model, CacheValueBytes(args, type));
        var maxNumSeqs = Positive(args, "max-num-seqs") ?? 256;
        var chunked = args.Switch("enable-chunked-prefill") ?? true;
        var batched = Positive(args, "max-num-batched-tokens") ?? (chunked ? 2048 : Math.Max(maxModelLen, 2048));
        if (batched < maxModelLen && !chunked)
        {
            throw ServerExit.Raise("ValueError", $"max_num_batched_tokens ({batched}) is smaller than max_model_len ({maxModelLen}). This effectively limits the maximum sequence length to max_num_batched_tokens and makes vLLM reject longer sequences. Please increase max_num_batched_tokens or decrease max_model_len.");
        }

        if (batched < maxNumSeqs)
        {
            throw ServerExit.Raise("ValueError", $"max_num_batched_tokens ({batched}) must be greater than or equal to max_num_seqs ({maxNumSeqs}).");
        }

        var blockSize = Positive(args, "block-size") ?? 16;
        var weights = model.WeightBytes / parallel;
        var cache = CacheBytes(args, config, hardware, weights, maxNumSeqs, batched, parallel);
        var blocks = Blocks(args, shape, cache, blockSize, parallel, maxModelLen);
        var settings = new BatchSettings
        {
            MaxNumSeqs = maxNumSeqs,
            MaxNumBatchedTokens = batched,
            ChunkedPrefill = chunked,
            MaxModelLen = maxModelLen,
            BlockSize = blockSize,
            KvBlocks = blocks,
            AbandonedRequestsRun = abandonedRequestsRun,
        };
        return new Engine(settings, StepCost.FromFirstPrinciples(shape, hardware, parallel) with { EngineOverhead = OverheadSeconds }, weights, cache);
    }

    /// <summary>What a model costs, for the simulation.</summary>
    /// <param name="cacheValueBytes">Bytes of one value in the KV cache.</param>
    public static ModelShape Shape(ModelFolder model, int cacheValueBytes)
    {
        var config = model.Config;
        // An embedding table of its own is looked up, not multiplied with; a tied one is the output head too.
        var looked = config.TiedEmbeddings ? 0 : model.EmbeddingBytes;
        var bytesPerValue = Math.Max(1, (double)model.WeightBytes / model.Parameters);
        return new ModelShape
        {
            WeightBytes = model.WeightBytes - looked,
            Parameters = model.Parameters - (long)(looked / bytesPerValue),
            Layers = config.Layers,
            Heads = config.Heads,
            KvHeads = config.KvHeads,
            HeadDim = config.HeadDim,
            HiddenSize = config.HiddenSize,
            KvValueBytes = cacheValueBytes,
        };
    }

    private static int Parallel(ParsedArguments args, ModelConfig config, int acceleratorCount)
    {
        var tensor = Positive(args, "tensor-parallel-size") ?? 1;
        var world = tensor * (Positive(args, "pipeline-parallel-size") ?? 1);
        if (world > acceleratorCount)
        {
            throw ServerExit.Raise("ValueError", $"World size ({world}) is larger than the number of available GPUs ({acceleratorCount}) in this node. If this is intentional and you are using:\n- ray, set '--distributed-executor-backend ray'.");
        }

        if (config.Heads % tensor != 0)
        {
            throw ServerExit.Raise("ValueError", $"Total number of attention heads ({config.Heads}) must be divisible by tensor parallel size ({tensor}).");
        }

        return world;
    }

    private static void CheckType(string type, ParsedArguments args, AcceleratorProfile hardware)
    {
        if (type == "bfloat16" && args.Text("dtype") == "bfloat16" && hardware.ComputeCapability < 8)
        {
            throw ServerExit.Raise("ValueError", $"Bfloat16 is only supported on GPUs with compute capability of at least 8.0. Your {hardware.Name} GPU has compute capability {hardware.ComputeCapability:0.0}. You can use float16 instead by explicitly setting the `dtype` flag in CLI, for example: --dtype=half.");
        }
    }

    private static int MaxModelLen(ParsedArguments args, ModelConfig config, bool longAllowed)
    {
        var asked = args.Int("max-model-len");
        if (asked is null or -1)
        {
            return config.MaxPositions;
        }

        if (asked < 1)
        {
            throw ServerExit.Raise("ValueError", $"max_model_len must be a positive integer, got {asked}.");
        }

        if (asked > config.MaxPositions && !longAllowed)
        {
            throw ServerExit.Raise("ValueError", $"User-specified max_model_len ({asked}) is greater than the derived max_model_len (max_position_embeddings={config.MaxPositions} or model_max_length=None in model's config.json). To allow overriding this maximum, set the env var VLLM_ALLOW_LONG_MAX_MODEL_LEN=1.");
        }

        return asked.Value;
    }

    private static int CacheValueBytes(ParsedArguments args, string type)
    {
        var cacheType = args.Text("kv-cache-dtype") ?? "auto";
        return cacheType.StartsWith("fp8", StringComparison.Ordinal) ? 1 : cacheType == "auto" && type is "float32" or "float" ? 4 : 2;
    }

    private static long CacheBytes(ParsedArguments args, ModelConfig config, AcceleratorProfile hardware, long weights, int maxNumSeqs, int batched, int parallel)
    {
        var utilisation = args.Float("gpu-memory-utilization") ?? 0.9;
        if (utilisation is <= 0 or > 1)
        {
            throw ServerExit.Raise("ValueError", $"GPU memory utilization must be less than 1.0. Got {utilisation.ToString(CultureInfo.InvariantCulture)}.");
        }

        if (weights + RuntimeBytes > hardware.MemoryBytes)
        {
            throw ServerExit.Raise("torch.OutOfMemoryError", $"CUDA out of memory. GPU 0 has a total capacity of {hardware.MemoryBytes / Gib:0.00} GiB, the model's weights need {weights / Gib:0.00} GiB.");
        }

        // The profiling run: logits of all sequences (16 bit, then as float with a copy), the widest activations of the token budget.
        var logits = (long)maxNumSeqs * config.VocabularySize * 10 / parallel;
        var activations = (long)batched * (4L * config.HiddenSize + 3L * config.IntermediateSize / parallel) * 2;
        var available = (long)(hardware.MemoryBytes * utilisation) - weights - RuntimeBytes - logits - activations;
        return available > 0
            ? available
            : throw ServerExit.Raise("ValueError", "No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine.");
    }

    private static int Blocks(ParsedArguments args, ModelShape shape, long cache, int blockSize, int parallel, int maxModelLen)
    {
        var perBlock = Math.Max(1, shape.KvBytesPerToken / parallel * blockSize);
        var blocks = Positive(args, "num-gpu-blocks-override") ?? (int)Math.Min(int.MaxValue / blockSize, cache / perBlock);
        if ((long)blocks * blockSize < maxModelLen)
        {
            var needed = (maxModelLen + blockSize - 1L) / blockSize * perBlock;
            throw ServerExit.Raise("ValueError", $"To serve at least one request with the models's max seq len ({maxModelLen}), ({needed / Gib:0.00} GiB KV cache is needed, which is larger than the available KV cache memory ({cache / Gib:0.00} GiB). Based on the available memory, the estimated maximum model length is {(long)blocks * blockSize}. Try increasing `gpu_memory_utilization` or decreasing `max_model_len` when initializing the engine.");
        }

        return blocks;
    }

    private static int? Positive(ParsedArguments args, string name) => args.Int(name) switch
    {
        null => null,
        >= 1 and var value => value,
        var value => throw ServerExit.Raise("ValueError", $"{name.Replace('-', '_')} must be at least 1, got {value}."),
    };
}
