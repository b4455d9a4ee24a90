using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace Preheat.LocalCloud.Tests.Serving;

/// <summary>A model of a few kilobytes in the layout of a hub repository: two shards, index, configuration.</summary>
internal sealed class TinyModel
{
    public const string FirstShard = "model-00001-of-00002.safetensors";
    public const string SecondShard = "model-00002-of-00002.safetensors";

    public TinyModel(string folder)
    {
        Folder = folder;
        Directory.CreateDirectory(folder);
        var first = new[] { Tensor("model.embed_tokens.weight", 64, 16), Tensor("model.layers.0.mlp.up_proj.weight", 32, 16) };
        var second = new[] { Tensor("model.layers.1.mlp.up_proj.weight", 32, 16), Tensor("model.norm.weight", 16) };
        WriteShard(FirstShard, first);
        WriteShard(SecondShard, second);
        var map = new JsonObject();
        foreach (var tensor in first)
        {
            map[tensor.Name] = FirstShard;
        }

        foreach (var tensor in second)
        {
            map[tensor.Name] = SecondShard;
        }

        WriteJson("model.safetensors.index.json", new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = 4128 }, ["weight_map"] = map });
        WriteJson("config.json", Config());
        WriteJson("tokenizer_config.json", new JsonObject { ["chat_template"] = "{{ messages }}" });
    }

    public string Folder { get; }

    public static JsonObject Config() => new()
    {
        ["architectures"] = new JsonArray("Gemma2ForCausalLM"),
        ["model_type"] = "gemma2",
        ["hidden_size"] = 16,
        ["intermediate_size"] = 32,
        ["num_hidden_layers"] = 2,
        ["num_attention_heads"] = 4,
        ["num_key_value_heads"] = 2,
        ["head_dim"] = 4,
        ["vocab_size"] = 64,
        ["max_position_embeddings"] = 8192,
        ["torch_dtype"] = "bfloat16",
    };

    public string File(string name) => Path.Combine(Folder, name);

    public void WriteJson(string name, JsonNode value) => System.IO.File.WriteAllText(File(name), value.ToJsonString());

    /// <summary>Writes a shard with a header made by <paramref name="header"/> around the tensors' bytes.</summary>
    public void WriteShard(string name, (string Name, int[] Shape)[] tensors, Func<JsonObject, JsonObject>? header = null)
    {
        var json = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        var at = 0;
        foreach (var (tensor, shape) in tensors)
        {
            var size = shape.Aggregate(2, (a, b) => a * b);
            json[tensor] = new JsonObject { ["dtype"] = "BF16", ["shape"] = new JsonArray([.. shape.Select(s => (JsonNode)s)]), ["data_offsets"] = new JsonArray(at, at + size) };
            at += size;
        }

        var bytes = Encoding.UTF8.GetBytes((header?.Invoke(json) ?? json).ToJsonString());
        using var file = System.IO.File.Create(File(name));
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, bytes.Length);
        file.Write(length);
        file.Write(bytes);
        file.Write(new byte[at]);
    }

    public static (string Name, int[] Shape) Tensor(string name, params int[] shape) => (name, shape);
}
