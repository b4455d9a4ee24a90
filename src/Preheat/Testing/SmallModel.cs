using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Preheat.Testing;

/// <summary>A small model directory in the hub's layout: what a user names with <c>--model file:///path</c>. The same bytes every time.</summary>
public static class SmallModel
{
    private const int Hidden = 64;
    private const int Vocabulary = 512;

    /// <summary>Rows of a further shard: 1 MiB, so that it gets a layer of its own.</summary>
    private const int Rows = (1 << 20) / 2 / Hidden;

    /// <summary>Writes config, tokenizer, two bf16 shards and their index, and <paramref name="furtherShards"/> of 1 MiB each.</summary>
    /// <returns>The folder.</returns>
    public static string Write(string folder, int furtherShards = 0)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), JsonSerializer.Serialize(new
        {
            architectures = new[] { "Gemma2ForCausalLM" },
            model_type = "gemma2",
            hidden_size = Hidden,
            intermediate_size = 128,
            num_hidden_layers = Math.Max(1, furtherShards),
            num_attention_heads = 2,
            num_key_value_heads = 1,
            head_dim = 32,
            vocab_size = Vocabulary,
            max_position_embeddings = 1024,
            torch_dtype = "bfloat16",
        }));
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), "{}");
        (string Tensor, int[] Shape)[] tensors =
        [
            ("model.embed_tokens.weight", [Vocabulary, Hidden]),
            ("model.norm.weight", [Hidden]),
            .. Enumerable.Range(0, furtherShards).Select(index => ($"model.layers.{index}.weight", new[] { Rows, Hidden })),
        ];
        string NameOf(int index) => $"model-{index + 1:00000}-of-{tensors.Length:00000}.safetensors";
        for (var i = 0; i < tensors.Length; i++)
            File.WriteAllBytes(Path.Combine(folder, NameOf(i)), Shard(tensors[i].Tensor, tensors[i].Shape, seed: i));
        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), JsonSerializer.Serialize(new
        {
            metadata = new { total_size = tensors.Sum(tensor => Bytes(tensor.Shape)) },
            weight_map = tensors.Select((tensor, index) => (tensor.Tensor, File: NameOf(index))).ToDictionary(pair => pair.Tensor, pair => pair.File),
        }));
        return folder;
    }

    private static byte[] Shard(string tensor, int[] shape, int seed)
    {
        var json = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new Dictionary<string, object>
        {
            [tensor] = new { dtype = "BF16", shape, data_offsets = new[] { 0L, Bytes(shape) } },
        }));
        var content = new byte[8 + json.Length + Bytes(shape)];
        BinaryPrimitives.WriteInt64LittleEndian(content, json.Length);
        json.CopyTo(content, 8);
        new Random(seed).NextBytes(content.AsSpan(8 + json.Length));
        return content;
    }

    private static long Bytes(int[] shape) => 2L * shape.Aggregate(1, (product, size) => product * size);
}
