using Preheat.LocalCloud.Serving;
using Preheat.LocalCloud.Serving.Arguments;
using Preheat.LocalCloud.Serving.ModelFiles;
using Preheat.Simulation.Hardware;

namespace Preheat.LocalCloud.Tests.Serving;

/// <summary>Gemma 2 9B, whose fit on one and two L4s is known from published set-ups.</summary>
public sealed class EngineTests
{
    private static readonly ModelFolder Gemma = new(
        new ModelConfig
        {
            Architecture = "Gemma2ForCausalLM",
            Layers = 42,
            HiddenSize = 3584,
            IntermediateSize = 14336,
            Heads = 16,
            KvHeads = 8,
            HeadDim = 256,
            VocabularySize = 256_000,
            MaxPositions = 8192,
            TiedEmbeddings = true,
            Type = "bfloat16",
        },
        18_482_802_688,
        9_241_401_344,
        1_835_008_000,
        [],
        true);

    [Fact]
    public void Does_not_hold_8192_tokens_on_one_L4_with_the_defaults()
    {
        var refusal = Should.Throw<ServerExit>(() => Create("--model x"));
        refusal.Code.ShouldBe(1);
        refusal.Message.ShouldStartWith("ValueError: To serve at least one request with the models's max seq len (8192), (2.63 GiB KV cache is needed,");
    }

    [Fact]
    public void Holds_3968_tokens_on_one_L4_as_the_reference_does() =>
        Create("--host=0.0.0.0 --port=8000 --gpu-memory-utilization=0.95 --enable-chunked-prefill --model=/models/gemma-2-9b --max-model-len=3968").Batch.MaxModelLen.ShouldBe(3968);

    [Fact]
    public void Holds_many_sequences_on_two_L4s()
    {
        var engine = Create("--tensor-parallel-size=2", 2);

        engine.Batch.MaxModelLen.ShouldBe(8192);
        (engine.Batch.KvBlocks * engine.Batch.BlockSize).ShouldBeInRange(40_000, 70_000);
        engine.WeightBytesPerAccelerator.ShouldBe(Gemma.WeightBytes / 2);
        engine.Batch.AbandonedRequestsRun.ShouldBeTrue();
        // 18.5 GB over 2 × 300 GB/s at the fraction that is reached.
        engine.Cost.Base.ShouldBeInRange(0.035, 0.045);
    }

    [Theory]
    [InlineData("-tp 3", 4, "ValueError: Total number of attention heads (16) must be divisible by tensor parallel size (3).")]
    [InlineData("--max-num-seqs 0", 1, "ValueError: max_num_seqs must be at least 1, got 0.")]
    [InlineData("--max-num-batched-tokens 100 --max-num-seqs 200", 1, "ValueError: max_num_batched_tokens (100) must be greater than or equal to max_num_seqs (200).")]
    [InlineData("--no-enable-chunked-prefill --max-num-batched-tokens 4096", 1, "ValueError: max_num_batched_tokens (4096) is smaller than max_model_len (8192).")]
    public void Refuses_what_vLLM_refuses(string flags, int accelerators, string message) =>
        Should.Throw<ServerExit>(() => Create(flags, accelerators)).Message.ShouldStartWith(message);

    [Fact]
    public void Refuses_bfloat16_and_a_model_too_large_on_a_T4()
    {
        Should.Throw<ServerExit>(() => Create("--dtype bfloat16", 1, Accelerators.T4)).Message.ShouldStartWith("ValueError: Bfloat16 is only supported on GPUs with compute capability of at least 8.0.");
        Should.Throw<ServerExit>(() => Create("--dtype half", 1, Accelerators.T4)).Message.ShouldStartWith("torch.OutOfMemoryError: CUDA out of memory.");
    }

    [Fact]
    public void A_smaller_cache_type_holds_twice_the_tokens()
    {
        var plain = Create("-tp 2", 2).Batch.KvBlocks;
        Create("-tp 2 --kv-cache-dtype fp8", 2).Batch.KvBlocks.ShouldBeInRange(plain * 2, plain * 2 + 1);
    }

    private static Engine Create(string flags, int accelerators = 1, AcceleratorProfile? hardware = null)
    {
        var command = new ServerCommand(EntryPoint.Legacy, flags.Split(' '));
        var args = new ArgumentParser(command, ServerVersion.Default).Parse();
        return Engine.Create(Gemma, args, hardware ?? Accelerators.L4, accelerators, command.AbandonedRequestsRun, longModelLenAllowed: false);
    }
}
