using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Preheat.EndToEnd.Tests;

/// <summary>A small model directory in the hub's layout: what a user names with <c>--model file:///path</c>.</summary>
public static class ModelFolder
{
    private const int Hidden = 64;
    private const int Vocabulary = 512;

    /// <summary>Writes config, tokenizer, two bf16 shards and their index.</summary>
    public static string Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), JsonSerializer.Serialize(new
        {
            architectures = new[] { "Gemma2ForCausalLM" },
            model_type = "gemma2",
            hidden_size = Hidden,
            intermediate_size = 128,
            num_hidden_layers = 1,
            num_attention_heads = 2,
            num_key_value_heads = 1,
            head_dim = 32,
            vocab_size = Vocabulary,
            max_position_embeddings = 1024,
            torch_dtype = "bfloat16",
        }));
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), "{}");
        var shards = new Dictionary<string, (string Name, int[] Shape)[]>
        {
            ["model-00001-of-00002.safetensors"] = [("model.embed_tokens.weight", [Vocabulary, Hidden])],
            ["model-00002-of-00002.safetensors"] = [("model.norm.weight", [Hidden])],
        };
        foreach (var (file, tensors) in shards)
            File.WriteAllBytes(Path.Combine(folder, file), Shard(tensors));
        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), JsonSerializer.Serialize(new
        {
            metadata = new { total_size = shards.Values.SelectMany(tensors => tensors).Sum(tensor => Bytes(tensor.Shape)) },
            weight_map = shards.SelectMany(shard => shard.Value.Select(tensor => (tensor.Name, shard.Key))).ToDictionary(pair => pair.Name, pair => pair.Key),
        }));
        return folder;
    }

    private static byte[] Shard((string Name, int[] Shape)[] tensors)
    {
        var header = new Dictionary<string, object>();
        var offset = 0L;
        foreach (var (name, shape) in tensors)
        {
            header[name] = new { dtype = "BF16", shape, data_offsets = new[] { offset, offset + Bytes(shape) } };
            offset += Bytes(shape);
        }
        var json = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(header));
        var content = new byte[8 + json.Length + offset];
        BinaryPrimitives.WriteInt64LittleEndian(content, json.Length);
        json.CopyTo(content, 8);
        new Random(7).NextBytes(content.AsSpan(8 + json.Length));
        return content;
    }

    private static long Bytes(int[] shape) => 2L * shape.Aggregate(1, (product, size) => product * size);
}
