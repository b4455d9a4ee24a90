using System.Text.Json;

namespace Preheat.Models;

/// <summary><c>model.safetensors.index.json</c>: which shard holds which tensor.</summary>
public sealed class WeightIndex
{
    /// <summary>Its name in a repository.</summary>
    public const string FileName = "model.safetensors.index.json";

    /// <summary>Most bytes that are read of it.</summary>
    public const int Longest = 64 << 20;

    private WeightIndex(IReadOnlyDictionary<string, string> shardOf)
    {
        ShardOf = shardOf;
        Shards = ShardOf.Values.ToHashSet();
    }

    /// <summary>Tensor → file.</summary>
    public IReadOnlyDictionary<string, string> ShardOf { get; }

    /// <summary>The files it names.</summary>
    public IReadOnlySet<string> Shards { get; }

    /// <exception cref="FormatException">It is not an index; the message completes "FILE is not good: …".</exception>
    public static WeightIndex Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 16 });
            var map = new Dictionary<string, string>();
            foreach (var entry in document.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                var shard = entry.Value.GetString() ?? "";
                if (!ModelPaths.IsSafe(shard) || !shard.EndsWith(".safetensors", StringComparison.Ordinal))
                    throw new FormatException($"its weight_map puts {entry.Name} into '{shard}', which is not the name of a safetensors file");
                map[entry.Name] = shard;
            }
            return map.Count > 0 ? new WeightIndex(map) : throw new FormatException("its weight_map is empty");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new FormatException($"it has no readable weight_map ({exception.Message.TrimEnd('.')})", exception);
        }
    }
}
