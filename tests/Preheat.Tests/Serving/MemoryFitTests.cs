using System.Text.Json;
using Preheat.Models;
using Preheat.Serving;
using Preheat.Tests.Manifests;

namespace Preheat.Tests.Serving;

public sealed class MemoryFitTests : IDisposable
{
    // google/gemma-2-9b, config.json.
    private const string Gemma9B = """
        {"architectures":["Gemma2ForCausalLM"],"head_dim":256,"hidden_size":3584,"intermediate_size":14336,"max_position_embeddings":8192,
         "num_attention_heads":16,"num_hidden_layers":42,"num_key_value_heads":8,"vocab_size":256000}
        """;

    private readonly RenderingFixture _fixture = new();

    public MemoryFitTests() =>
        _fixture.Model = _fixture.Model with { Name = "google/gemma-2-9b", WeightBytes = 18_483_411_968, Dimensions = Read(Gemma9B) };

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Knows_what_a_token_takes()
    {
        var shape = Read(Gemma9B).ShouldNotBeNull();
        shape.KvBytesPerToken.ShouldBe(336 * 1024);
        Read("""{"text_config":{"hidden_size":64,"intermediate_size":128,"max_position_embeddings":512,"num_attention_heads":4,"num_hidden_layers":2,"vocab_size":100}}""")
            .ShouldNotBeNull().KvBytesPerToken.ShouldBe(2 * 2 * 64 * 2);
        Read("""{"hidden_size":64,"num_hidden_layers":"two"}""").ShouldBeNull();
    }

    [Fact]
    public void Cuts_the_context_of_a_model_that_one_GPU_hardly_holds()
    {
        var length = MemoryFit.Of(_fixture.Deployment, _fixture.Model).MaxModelLength.ShouldNotBeNull();
        length.ShouldBeInRange(256, 8191);
        (length % 16).ShouldBe(0);
        _fixture.Render();
        _fixture.Read("deployment.yaml").ShouldContain($"--max-model-len={length}\n");
        _fixture.Events.OfType<Preheat.Runs.Note>().ShouldHaveSingleItem().Text.ShouldContain($"{length} tokens");
    }

    [Fact]
    public void Refuses_the_whole_context_on_one_GPU_and_takes_it_on_two()
    {
        _fixture.Deployment = _fixture.Deployment with { MaxModelLength = 8192 };
        var message = Should.Throw<UserException>(() => _fixture.Render()).Message;
        message.ShouldContain("the weights take 17.2 GiB");
        message.ShouldContain("each token of context 336 KiB");
        _fixture.Deployment = _fixture.Deployment with { AcceleratorCount = 2 };
        MemoryFit.Of(_fixture.Deployment, _fixture.Model).MaxModelLength.ShouldBe(8192);
        MemoryFit.Of(_fixture.Deployment with { MaxModelLength = null }, _fixture.Model).MaxModelLength.ShouldBeNull();
    }

    [Fact]
    public void Refuses_weights_that_no_GPU_here_holds()
    {
        _fixture.Model = _fixture.Model with { WeightBytes = 54_000_000_000 };
        Should.Throw<UserException>(() => _fixture.Render()).Message.ShouldContain("google/gemma-2-9b does not fit: 1 × nvidia-l4 at 0.9 offer 19.8 GiB each; the weights take 50.3 GiB");
        Directory.Exists(_fixture.Output).ShouldBeFalse();
    }

    [Fact]
    public void Refuses_heads_that_cannot_be_shared_and_contexts_beyond_the_model()
    {
        Should.Throw<UserException>(() => MemoryFit.Of(_fixture.Deployment with { AcceleratorCount = 3 }, _fixture.Model)).Message.ShouldContain("16 attention heads");
        Should.Throw<UserException>(() => MemoryFit.Of(_fixture.Deployment with { MaxModelLength = 9000 }, _fixture.Model)).Message.ShouldContain("8192 tokens");
    }

    [Fact]
    public void Takes_the_word_of_the_user_where_nothing_is_known()
    {
        MemoryFit.Of(_fixture.Deployment with { MaxModelLength = 9000, Accelerator = "nvidia-new" }, _fixture.Model).MaxModelLength.ShouldBe(9000);
        MemoryFit.Of(_fixture.Deployment, _fixture.Model with { Dimensions = null }).MaxModelLength.ShouldBeNull();
    }

    private static ModelDimensions? Read(string config)
    {
        using var document = JsonDocument.Parse(config);
        return ModelDimensions.From(document.RootElement);
    }
}
