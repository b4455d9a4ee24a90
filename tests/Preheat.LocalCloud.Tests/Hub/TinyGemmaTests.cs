using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Hub;
using Preheat.LocalCloud.Tests.Hosting;

namespace Preheat.LocalCloud.Tests.Hub;

public sealed class TinyGemmaTests : IClassFixture<TinyGemmaTests.Made>
{
    private readonly string _root;
    private readonly HubModel _model;

    public TinyGemmaTests(Made made) => (_root, _model) = (made.Root, made.Model);

    /// <summary>The value is the one of every machine: a change here is a change of the model.</summary>
    [Fact]
    public void Is_the_same_on_every_machine() => _model.Revisions.Single().Commit.ShouldBe("f45b19489c9218153b4dc5f3dc9915038a7781dd");

    [Fact]
    public void Has_at_least_64_MB_in_four_shards()
    {
        var shards = Files().Where(file => file.Path.EndsWith(".safetensors", StringComparison.Ordinal)).ToList();
        shards.Count.ShouldBe(4);
        shards.Sum(file => file.Size).ShouldBeGreaterThan(64_000_000);
    }

    [Fact]
    public void Every_tensor_of_the_index_is_in_its_shard_with_the_shape_of_the_config()
    {
        var index = JsonNode.Parse(Read("model.safetensors.index.json"))!;
        var config = JsonNode.Parse(Read("config.json"))!;
        var total = 0L;
        var seen = new Dictionary<string, int[]>(StringComparer.Ordinal);
        foreach (var shard in index["weight_map"]!.AsObject().Select(entry => (string)entry.Value!).Distinct(StringComparer.Ordinal))
        {
            foreach (var (name, shape, size) in Header(shard))
            {
                ((string)index["weight_map"]![name]!).ShouldBe(shard);
                seen.Add(name, shape);
                total += size;
            }
        }

        seen.Count.ShouldBe(index["weight_map"]!.AsObject().Count);
        total.ShouldBe((long)index["metadata"]!["total_size"]!);
        seen["model.embed_tokens.weight"].ShouldBe([(int)config["vocab_size"]!, (int)config["hidden_size"]!]);
        var last = (int)config["num_hidden_layers"]! - 1;
        seen[$"model.layers.{last}.self_attn.q_proj.weight"].ShouldBe([(int)config["num_attention_heads"]! * (int)config["head_dim"]!, (int)config["hidden_size"]!]);
        seen[$"model.layers.{last}.self_attn.k_proj.weight"].ShouldBe([(int)config["num_key_value_heads"]! * (int)config["head_dim"]!, (int)config["hidden_size"]!]);
        seen[$"model.layers.{last}.mlp.down_proj.weight"].ShouldBe([(int)config["hidden_size"]!, (int)config["intermediate_size"]!]);
        seen.ShouldContainKey("model.norm.weight");
        seen.Keys.ShouldNotContain(name => name.StartsWith($"model.layers.{last + 1}.", StringComparison.Ordinal));
    }

    [Fact]
    public void Weights_are_normally_distributed()
    {
        using var stream = File.OpenRead(Source("model-00002-of-00004.safetensors"));
        var bytes = new byte[4 << 20];
        stream.Seek(1 << 20, SeekOrigin.Begin);
        stream.ReadExactly(bytes);
        var values = new double[bytes.Length / 2];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(2 * i)) << 16);
        }

        var mean = values.Average();
        var deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
        mean.ShouldBe(0, 1e-4);
        deviation.ShouldBe(0.02, 2e-4);
        (values.Count(value => Math.Abs(value) < 0.02) / (double)values.Length).ShouldBe(0.6827, 0.01);
        (values.Count(value => Math.Abs(value) > 0.06) / (double)values.Length).ShouldBe(0.0027, 0.0005);
    }

    [Fact]
    public void Every_merge_of_the_tokenizer_joins_known_tokens_to_a_known_one()
    {
        var tokenizer = JsonNode.Parse(Read("tokenizer.json"))!;
        var vocabulary = tokenizer["model"]!["vocab"]!.AsObject();
        vocabulary.Select(entry => (int)entry.Value!).Order().ShouldBe(Enumerable.Range(0, vocabulary.Count));
        vocabulary.Count.ShouldBeLessThanOrEqualTo((int)JsonNode.Parse(Read("config.json"))!["vocab_size"]!);
        foreach (var merge in tokenizer["model"]!["merges"]!.AsArray().Select(merge => ((string)merge!).Split(' ')))
        {
            merge.Length.ShouldBe(2);
            vocabulary.ContainsKey(merge[0]).ShouldBeTrue();
            vocabulary.ContainsKey(merge[1]).ShouldBeTrue();
            vocabulary.ContainsKey(merge[0] + merge[1]).ShouldBeTrue();
        }
    }

    [Fact]
    public void Opens_what_was_made_and_makes_again_what_is_damaged()
    {
        var record = Path.Combine(_root, "preheat", "tiny-gemma-2.json");
        var before = File.GetLastWriteTimeUtc(record);
        TinyGemma.Open(_root).Revisions.Single().Commit.ShouldBe(_model.Revisions.Single().Commit);
        File.GetLastWriteTimeUtc(record).ShouldBe(before);

        using (var shard = File.OpenWrite(Source("model-00001-of-00004.safetensors")))
        {
            shard.SetLength(100);
        }

        TinyGemma.Open(_root).Revisions.Single().Commit.ShouldBe(_model.Revisions.Single().Commit);
        new FileInfo(Source("model-00001-of-00004.safetensors")).Length.ShouldBeGreaterThan(10_000_000);
    }

    private IReadOnlyList<HubFile> Files() => _model.Revisions.Single().Files;

    private string Source(string path) => Files().Single(file => file.Path == path).Source;

    private string Read(string path) => File.ReadAllText(Source(path));

    private List<(string Name, int[] Shape, long Size)> Header(string shard)
    {
        using var stream = File.OpenRead(Source(shard));
        var length = new byte[8];
        stream.ReadExactly(length);
        var text = new byte[BinaryPrimitives.ReadInt64LittleEndian(length)];
        stream.ReadExactly(text);
        var (position, result) = (0L, new List<(string, int[], long)>());
        using var document = JsonDocument.Parse(text);
        foreach (var tensor in document.RootElement.EnumerateObject().Where(entry => entry.Name != "__metadata__"))
        {
            tensor.Value.GetProperty("dtype").GetString().ShouldBe("BF16");
            int[] shape = [.. tensor.Value.GetProperty("shape").EnumerateArray().Select(side => side.GetInt32())];
            var offsets = tensor.Value.GetProperty("data_offsets");
            offsets[0].GetInt64().ShouldBe(position);
            position = offsets[1].GetInt64();
            (position - offsets[0].GetInt64()).ShouldBe(shape.Aggregate(2L, (size, side) => size * side));
            result.Add((tensor.Name, shape, position - offsets[0].GetInt64()));
        }

        stream.Length.ShouldBe(8 + text.Length + position);
        return result;
    }

    public sealed class Made : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public Made() => Model = TinyGemma.Open(_folder.Path);

        internal string Root => _folder.Path;

        internal HubModel Model { get; }

        public void Dispose() => _folder.Dispose();
    }
}
