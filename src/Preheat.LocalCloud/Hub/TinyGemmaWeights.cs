using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Preheat.LocalCloud.Hub;

/// <summary>Writes the built-in model's safetensors shards (<see href="https://huggingface.co/docs/safetensors/index#format"/>) and their index.</summary>
internal static class TinyGemmaWeights
{
    private const int ShardCount = 4;
    private const double StandardDeviation = 0.02;

    private sealed record Tensor(string Name, int[] Shape, long Size, ulong Seed);

    /// <returns>Path and SHA-256 of each shard, and the text of <c>model.safetensors.index.json</c>.</returns>
    public static (IReadOnlyList<(string Path, string Sha256)> Shards, string Index) Write(string directory)
    {
        var tensors = TinyGemmaConfig.Tensors()
            .Select((tensor, index) => new Tensor(tensor.Name, tensor.Shape, tensor.Shape.Aggregate(2L, (size, side) => size * side), (ulong)(index + 1) << 32))
            .ToList();
        var total = tensors.Sum(tensor => tensor.Size);
        var shards = Distribute(tensors, total);
        var values = new NormalBfloat16(StandardDeviation);
        var hashes = new string[ShardCount];
        Parallel.For(0, ShardCount, shard => hashes[shard] = WriteShard(Path.Combine(directory, Name(shard)), shards[shard], values));

        var map = new JsonObject();
        foreach (var (name, shard) in shards.SelectMany((items, shard) => items.Select(tensor => (tensor.Name, shard))).OrderBy(item => item.Name, StringComparer.Ordinal))
        {
            map[name] = Name(shard);
        }

        var index = TinyGemmaConfig.Text(new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = total }, ["weight_map"] = map });
        return ([.. hashes.Select((hash, shard) => (Name(shard), hash))], index);
    }

    private static string Name(int shard) => $"model-{shard + 1:D5}-of-{ShardCount:D5}.safetensors";

    /// <summary>Tensors in their order, a new shard wherever the next quarter of the bytes begins.</summary>
    private static List<Tensor>[] Distribute(IEnumerable<Tensor> tensors, long total)
    {
        var shards = Enumerable.Range(0, ShardCount).Select(_ => new List<Tensor>()).ToArray();
        var written = 0L;
        foreach (var tensor in tensors)
        {
            shards[(int)(written * ShardCount / total)].Add(tensor);
            written += tensor.Size;
        }

        return shards;
    }

    private static string WriteShard(string path, IReadOnlyList<Tensor> tensors, NormalBfloat16 values)
    {
        var header = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        var offset = 0L;
        foreach (var tensor in tensors)
        {
            header[tensor.Name] = new JsonObject
            {
                ["dtype"] = "BF16",
                ["shape"] = new JsonArray([.. tensor.Shape.Select(side => JsonValue.Create(side))]),
                ["data_offsets"] = new JsonArray(offset, offset + tensor.Size),
            };
            offset += tensor.Size;
        }

        var text = TinyGemmaConfig.Bytes(header.ToJsonString());
        var padded = new byte[8 + ((text.Length + 7) / 8 * 8)];
        padded.AsSpan(8).Fill((byte)' '); // the header ends at a multiple of 8
        text.CopyTo(padded.AsSpan(8));
        BinaryPrimitives.WriteInt64LittleEndian(padded, padded.Length - 8);

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 0, PreallocationSize = padded.Length + offset,
        });
        stream.Write(padded);
        hash.AppendData(padded);
        var buffer = new byte[256 * 1024];
        foreach (var tensor in tensors)
        {
            var state = tensor.Seed;
            for (var left = tensor.Size; left > 0; left -= buffer.Length)
            {
                var part = buffer.AsSpan(0, (int)Math.Min(left, buffer.Length));
                values.Fill(part, ref state);
                hash.AppendData(part);
                stream.Write(part);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
