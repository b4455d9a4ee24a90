using System.Text.Json;

namespace Preheat.LocalCloud.Serving.ModelFiles;

/// <summary>What the server needs from a model's <c>config.json</c>.</summary>
internal sealed record ModelConfig
{
    /// <summary>Decoders that load from safetensors here. vLLM's own list is longer.</summary>
    private static readonly HashSet<string> Architectures = new(StringComparer.Ordinal)
    {
        "GemmaForCausalLM", "Gemma2ForCausalLM", "Gemma3ForCausalLM", "LlamaForCausalLM", "MistralForCausalLM",
        "Qwen2ForCausalLM", "Qwen3ForCausalLM", "PhiForCausalLM", "Phi3ForCausalLM", "GPTNeoXForCausalLM", "OlmoForCausalLM", "Olmo2ForCausalLM",
        "GraniteForCausalLM", "StableLmForCausalLM", "Starcoder2ForCausalLM",
    };

    public required string Architecture { get; init; }

    public required int Layers { get; init; }

    public required int HiddenSize { get; init; }

    public required int IntermediateSize { get; init; }

    public required int Heads { get; init; }

    public required int KvHeads { get; init; }

    public required int HeadDim { get; init; }

    public required int VocabularySize { get; init; }

    public required int MaxPositions { get; init; }

    public required bool TiedEmbeddings { get; init; }

    /// <summary><c>bfloat16</c>, <c>float16</c> or <c>float32</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Reads <c>config.json</c> of a model's folder, by the container's paths.</summary>
    /// <exception cref="ServerExit">No such file, no JSON, an unknown architecture, or a number that is missing.</exception>
    public static ModelConfig Read(ContainerFiles files, string model)
    {
        if (files.Resolve($"{model}/config.json") is not { } path)
        {
            throw ServerExit.Raise("ValueError", $"Invalid repository ID or local directory specified: '{model}'. Please verify the following requirements: Provide a valid Hugging Face repository ID, or a local directory that contains a recognized configuration file (config.json).");
        }

        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return Read(document.RootElement);
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException or FormatException)
        {
            throw ServerExit.Raise("OSError", $"It looks like the config file at '{model}/config.json' is not a valid JSON file.");
        }
    }

    private static ModelConfig Read(JsonElement root)
    {
        var architectures = root.TryGetProperty("architectures", out var list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Select(a => a.GetString() ?? "").ToList()
            : [];
        var architecture = architectures.FirstOrDefault(Architectures.Contains)
            ?? throw ServerExit.Raise("ValueError", $"Model architectures [{string.Join(", ", architectures.Select(a => $"'{a}'"))}] are not supported for now. Supported architectures: {string.Join(", ", Architectures.Order(StringComparer.Ordinal))}");
        var hidden = Number(root, "hidden_size");
        var heads = Number(root, "num_attention_heads");
        return new ModelConfig
        {
            Architecture = architecture,
            Layers = Number(root, "num_hidden_layers"),
            HiddenSize = hidden,
            IntermediateSize = Number(root, "intermediate_size", 4 * hidden),
            Heads = heads,
            KvHeads = Number(root, "num_key_value_heads", heads),
            HeadDim = Number(root, "head_dim", Math.Max(1, hidden / heads)),
            VocabularySize = Number(root, "vocab_size"),
            MaxPositions = Number(root, "max_position_embeddings", 2048),
            TiedEmbeddings = root.TryGetProperty("tie_word_embeddings", out var tied) ? tied.ValueKind == JsonValueKind.True : architecture.StartsWith("Gemma", StringComparison.Ordinal),
            // Renamed from torch_dtype in transformers 4.56.
            Type = Word(root, "dtype") ?? Word(root, "torch_dtype") ?? "float32",
        };
    }

    private static string? Word(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static int Number(JsonElement root, string name, int? absent = null)
    {
        if (!root.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return absent ?? throw ServerExit.Raise("AttributeError", $"config.json has no attribute '{name}'");
        }

        var number = value.GetInt32();
        return number > 0 ? number : throw ServerExit.Raise("ValueError", $"config.json: '{name}' must be above 0, got {number}.");
    }
}
