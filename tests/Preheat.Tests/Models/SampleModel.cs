using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Preheat.Tests.Models;

/// <summary>Writes a model in the Hugging Face layout: two shards with index, configuration, tokenizer, and things a server does not need.</summary>
internal static class SampleModel
{
    public const string FirstShard = "model-00001-of-00002.safetensors";
    public const string SecondShard = "model-00002-of-00002.safetensors";

    /// <summary>Elements of each of the four tensors; two make a shard of 1.5 MiB.</summary>
    public const int Elements = 3 << 17;

    /// <summary>What is written, by path.</summary>
    public static SortedDictionary<string, byte[]> Files()
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["config.json"] = Text("""{"architectures":["Gemma2ForCausalLM"],"torch_dtype":"bfloat16"}"""),
            ["generation_config.json"] = Text("{}"),
            ["tokenizer.json"] = Text("""{"version":"1.0"}"""),
            ["LICENSE"] = Text("Apache-2.0\n"),
            ["README.md"] = Text("# sample\n"),
            [FirstShard] = Safetensors(("a", Elements), ("b", Elements)),
            [SecondShard] = Safetensors(("c", Elements), ("d", Elements)),
            ["model.safetensors.index.json"] = Index(new() { ["a"] = FirstShard, ["b"] = FirstShard, ["c"] = SecondShard, ["d"] = SecondShard }),
            [".gitattributes"] = Text("*.safetensors filter=lfs\n"),
            ["pytorch_model.bin"] = Text("pickle"),
            ["original/consolidated.00.pth"] = Text("pickle"),
            ["model.Q4_K_M.gguf"] = Text("GGUF"),
            ["consolidated.safetensors"] = Safetensors(("a", 8)),
        };
        return files;
    }

    /// <summary>The paths of <see cref="Files"/> that a server needs, sorted.</summary>
    public static readonly IReadOnlyList<string> Needed =
        ["LICENSE", "README.md", "config.json", "generation_config.json", FirstShard, SecondShard, "model.safetensors.index.json", "tokenizer.json"];

    public static void Write(string directory, SortedDictionary<string, byte[]>? files = null)
    {
        foreach (var (path, bytes) in files ?? Files())
        {
            var target = Path.Combine(directory, path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllBytes(target, bytes);
        }
    }

    public static byte[] Index(Dictionary<string, string> map) => JsonSerializer.SerializeToUtf8Bytes(new { metadata = new { total_size = 0 }, weight_map = map });

    /// <summary>A safetensors file of BF16 tensors with content that differs by name.</summary>
    public static byte[] Safetensors(params (string Name, int Elements)[] tensors)
    {
        var header = new Dictionary<string, object>();
        var position = 0;
        foreach (var (name, elements) in tensors)
        {
            header[name] = new { dtype = "BF16", shape = new[] { elements }, data_offsets = new[] { position, position + 2 * elements } };
            position += 2 * elements;
        }
        var data = new byte[position];
        new Random(tensors[0].Name[0]).NextBytes(data);
        return Raw(JsonSerializer.Serialize(header), data);
    }

    public static byte[] Raw(string header, byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        return [.. length, .. json, .. data];
    }

    public static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>What git calls a file: SHA-1 over <c>blob SIZE\0</c> and the content.</summary>
    public static string GitBlobId(byte[] bytes) => Convert.ToHexStringLower(SHA1.HashData([.. Text($"blob {bytes.Length}\0"), .. bytes]));

    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);
}
