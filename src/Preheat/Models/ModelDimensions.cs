using System.Text.Json;

namespace Preheat.Models;

/// <summary>The numbers of a decoder's config.json that decide how much GPU memory it needs.</summary>
public sealed record ModelDimensions
{
    public required int Layers { get; init; }

    /// <summary>Attention heads; tensor parallelism divides them.</summary>
    public required int Heads { get; init; }

    /// <summary>Key/value heads (grouped-query attention).</summary>
    public required int KvHeads { get; init; }

    /// <summary>Width of one head.</summary>
    public required int HeadDim { get; init; }

    public required int HiddenSize { get; init; }

    public required int IntermediateSize { get; init; }

    public required int VocabularySize { get; init; }

    /// <summary>Tokens of context that the model was made for.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Bytes of KV cache that one token takes over all layers, keys and values, with 16 bits each: 344,064 for Gemma 2 9B.</summary>
    public long KvBytesPerToken => 2L * Layers * KvHeads * HeadDim * sizeof(short);

    /// <summary>Reads them from a config.json by the names of Hugging Face's transformers; null when one is missing, as for models that are no plain decoders.</summary>
    public static ModelDimensions? From(JsonElement config)
    {
        // Models with other parts besides keep the decoder's numbers one level down.
        if (!config.TryGetProperty("num_hidden_layers", out _) && config.TryGetProperty("text_config", out var text))
            config = text;
        if (Whole(config, "num_hidden_layers") is not { } layers || Whole(config, "num_attention_heads") is not { } heads || Whole(config, "hidden_size") is not { } hidden)
            return null;
        if (Whole(config, "intermediate_size") is not { } intermediate || Whole(config, "vocab_size") is not { } vocabulary || Whole(config, "max_position_embeddings") is not { } positions)
            return null;
        return new()
        {
            Layers = layers,
            Heads = heads,
            KvHeads = Whole(config, "num_key_value_heads") ?? heads,
            HeadDim = Whole(config, "head_dim") ?? hidden / heads,
            HiddenSize = hidden,
            IntermediateSize = intermediate,
            VocabularySize = vocabulary,
            MaxPositions = positions,
        };
    }

    private static int? Whole(JsonElement config, string name) =>
        config.ValueKind is JsonValueKind.Object && config.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Number && value.TryGetInt32(out var number) && number > 0 ? number : null;
}
