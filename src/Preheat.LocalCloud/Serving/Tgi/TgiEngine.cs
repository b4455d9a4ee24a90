using System.Globalization;
using Preheat.LocalCloud.Serving.ModelFiles;
using Preheat.Simulation.Batching;
using Preheat.Simulation.Hardware;

namespace Preheat.LocalCloud.Serving.Tgi;

/// <summary>Sets the simulated engine up as TGI's launcher and its warm-up do: the cache is what the memory leaves, and the longest request is what the cache holds.</summary>
internal static class TgiEngine
{
    private const int BlockSize = 16;

    /// <summary>The launcher's default of <c>--max-batch-prefill-tokens</c> for cards whose best value it does not know.</summary>
    private const int DefaultPrefillTokens = 4096;

    /// <summary>The share of the free memory that the cache gets; the rest is for fragmentation (<c>TGI_WIGGLE_ROOM</c>, 0.95).</summary>
    private const double WiggleRoom = 0.95;

    /// <exception cref="ServerExit">A value makes no sense, or the model does not fit.</exception>
    public static Engine Create(ModelFolder model, TgiArguments args, AcceleratorProfile hardware, int acceleratorCount)
    {
        var config = model.Config;
        var shards = Shards(args, acceleratorCount);
        CheckTokens(args);
        if (shards > acceleratorCount)
        {
            throw ShardFailed("RuntimeError: CUDA error: invalid device ordinal");
        }

        if (config.Heads % shards != 0)
        {
            throw ShardFailed($"ValueError: `num_heads` must be divisible by `num_shards` (got `num_heads`: {config.Heads} and `num_shards`: {shards}");
        }

        var prefill = PrefillTokens(args, config);
        var shape = Engine.Shape(model, args.Text("kv-cache-dtype") is null ? 2 : 1);
        var weights = model.WeightBytes / shards;
        // The warm-up runs one prefill of all its tokens: logits of the last ones, and the widest activations.
        var activations = (long)prefill * (4L * config.HiddenSize + 3L * config.IntermediateSize / shards) * 2 + 256L * config.VocabularySize * 10 / shards;
        var free = (long)(hardware.MemoryBytes * args.Float("cuda-memory-fraction")!.Value) - weights - Engine.RuntimeBytes;
        if (free <= activations)
        {
            throw ShardFailed(string.Create(CultureInfo.InvariantCulture, $"RuntimeError: Not enough memory to handle {prefill} prefill tokens. You need to decrease `--max-batch-prefill-tokens`"));
        }

        var cache = (long)((free - activations) * WiggleRoom);
        var most = cache / Math.Max(1, shape.KvBytesPerToken / shards);
        var budget = (int)Math.Min(args.Number("max-batch-total-tokens") ?? most, Math.Min(most, int.MaxValue));
        var longest = args.Number("max-total-tokens") ?? Math.Min(budget, config.MaxPositions);
        if (longest > budget)
        {
            throw new ServerExit(1, $"Error: Backend(Warmup(Generation(\"`max_total_tokens` must be <= `max_batch_total_tokens`. Given: {longest} and {budget}\")))", "Error: WebserverFailed");
        }

        var settings = new BatchSettings
        {
            MaxNumSeqs = (int)Math.Clamp((args.Number("max-batch-size") ?? args.Number("max-concurrent-requests"))!.Value, 1, int.MaxValue),
            MaxNumBatchedTokens = prefill,
            MaxModelLen = (int)longest,
            BlockSize = BlockSize,
            KvBlocks = Math.Max(1, budget / BlockSize),
        };
        return new Engine(settings, StepCost.FromFirstPrinciples(shape, hardware, shards) with { EngineOverhead = Engine.OverheadSeconds }, weights, cache);
    }

    /// <summary>Tokens of one prefill: the given ones, or 4,096 where the model takes that many.</summary>
    public static int PrefillTokens(TgiArguments args, ModelConfig config) => (int)Math.Min(args.Number("max-batch-prefill-tokens") ?? Math.Min(DefaultPrefillTokens, config.MaxPositions), int.MaxValue);

    /// <summary>How many accelerators serve: <c>find_num_shards</c> of the launcher.</summary>
    public static int Shards(TgiArguments args, int acceleratorCount)
    {
        var sharded = args.Text("sharded");
        if (sharded == "false")
        {
            return 1;
        }

        if (args.Number("num-shard") is not { } asked)
        {
            return sharded is null ? Math.Max(1, acceleratorCount)
                : acceleratorCount > 1 ? acceleratorCount
                : throw new ServerExit(1, $"Error: NotEnoughCUDADevices(\"`sharded` is true but only found {acceleratorCount} CUDA devices\")");
        }

        return asked < 1 ? throw Invalid("`num_shard` cannot be < 1")
            : sharded == "true" && asked == 1 ? throw Invalid("`sharded` is true but `num_shard` <= 1")
            : (int)Math.Min(asked, int.MaxValue);
    }

    /// <summary>An argument that the launcher itself refuses.</summary>
    private static ServerExit Invalid(string message) => new(1, $"Error: ArgumentValidation(\"{message}\")");

    /// <summary>A shard that ended: its last line, and the launcher's.</summary>
    public static ServerExit ShardFailed(params string[] lines) => new(1, [.. lines, "Error: ShardCannotStart"]);

    private static void CheckTokens(TgiArguments args)
    {
        if (args.Number("max-input-tokens") is { } tokens && args.Number("max-input-length") is { } length)
        {
            throw Invalid($"Both `max_input_tokens` ({tokens}) and `max_input_length` ({length}) are set. Please define only `max_input_tokens` as `max_input_length is deprecated for naming consistency.");
        }

        if ((args.Number("max-input-tokens") ?? args.Number("max-input-length")) >= args.Number("max-total-tokens"))
        {
            throw Invalid($"`max_input_tokens`({args.Number("max-input-tokens") ?? args.Number("max-input-length")}) must be < `max_total_tokens`({args.Number("max-total-tokens")})");
        }

        if (args.Number("validation-workers") == 0)
        {
            throw Invalid("`validation_workers` must be > 0");
        }

        if (args.Number("max-batch-prefill-tokens") > args.Number("max-batch-total-tokens"))
        {
            throw Invalid($"`max_batch_prefill_tokens` must be <= `max_batch_total_tokens`. Given: {args.Number("max-batch-prefill-tokens")} and {args.Number("max-batch-total-tokens")}");
        }
    }
}
