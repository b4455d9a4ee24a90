using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Preheat.LocalCloud.Hub;

/// <summary>Shape and text files of the built-in model: the layout of <c>google/gemma-2-2b-it</c> with small dimensions.</summary>
internal static class TinyGemmaConfig
{
    public const int Vocabulary = 8192;
    public const int Hidden = 512;
    public const int Intermediate = 2048;
    public const int Layers = 8;
    public const int Heads = 8;
    public const int KeyValueHeads = 4;
    public const int HeadDimension = 64;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>Names and shapes as <c>Gemma2ForCausalLM</c> saves them; the head is tied to the embedding.</summary>
    public static IEnumerable<(string Name, int[] Shape)> Tensors()
    {
        yield return ("model.embed_tokens.weight", [Vocabulary, Hidden]);
        for (var layer = 0; layer < Layers; layer++)
        {
            var prefix = $"model.layers.{layer}";
            yield return ($"{prefix}.input_layernorm.weight", [Hidden]);
            yield return ($"{prefix}.mlp.down_proj.weight", [Hidden, Intermediate]);
            yield return ($"{prefix}.mlp.gate_proj.weight", [Intermediate, Hidden]);
            yield return ($"{prefix}.mlp.up_proj.weight", [Intermediate, Hidden]);
            yield return ($"{prefix}.post_attention_layernorm.weight", [Hidden]);
            yield return ($"{prefix}.post_feedforward_layernorm.weight", [Hidden]);
            yield return ($"{prefix}.pre_feedforward_layernorm.weight", [Hidden]);
            yield return ($"{prefix}.self_attn.k_proj.weight", [KeyValueHeads * HeadDimension, Hidden]);
            yield return ($"{prefix}.self_attn.o_proj.weight", [Hidden, Heads * HeadDimension]);
            yield return ($"{prefix}.self_attn.q_proj.weight", [Heads * HeadDimension, Hidden]);
            yield return ($"{prefix}.self_attn.v_proj.weight", [KeyValueHeads * HeadDimension, Hidden]);
        }

        yield return ("model.norm.weight", [Hidden]);
    }

    /// <summary>The files that git holds itself: path and text.</summary>
    public static IEnumerable<(string Path, string Text)> TextFiles()
    {
        yield return (".gitattributes", "*.safetensors filter=lfs diff=lfs merge=lfs -text\n");
        yield return ("README.md", Card);
        yield return ("config.json", Text(new JsonObject
        {
            ["architectures"] = new JsonArray("Gemma2ForCausalLM"),
            ["attention_bias"] = false,
            ["attention_dropout"] = 0.0,
            ["attn_logit_softcapping"] = 50.0,
            ["bos_token_id"] = TinyGemmaTokenizer.Begin,
            ["cache_implementation"] = "hybrid",
            ["eos_token_id"] = new JsonArray(TinyGemmaTokenizer.End, TinyGemmaTokenizer.EndOfTurn),
            ["final_logit_softcapping"] = 30.0,
            ["head_dim"] = HeadDimension,
            ["hidden_act"] = "gelu_pytorch_tanh",
            ["hidden_activation"] = "gelu_pytorch_tanh",
            ["hidden_size"] = Hidden,
            ["initializer_range"] = 0.02,
            ["intermediate_size"] = Intermediate,
            ["max_position_embeddings"] = 8192,
            ["model_type"] = "gemma2",
            ["num_attention_heads"] = Heads,
            ["num_hidden_layers"] = Layers,
            ["num_key_value_heads"] = KeyValueHeads,
            ["pad_token_id"] = TinyGemmaTokenizer.Pad,
            ["query_pre_attn_scalar"] = HeadDimension,
            ["rms_norm_eps"] = 1e-6,
            ["rope_theta"] = 10000.0,
            ["sliding_window"] = 4096,
            ["tie_word_embeddings"] = true,
            ["torch_dtype"] = "bfloat16",
            ["transformers_version"] = "4.42.4",
            ["use_cache"] = true,
            ["vocab_size"] = Vocabulary,
        }));
        yield return ("generation_config.json", Text(new JsonObject
        {
            ["_from_model_config"] = true,
            ["bos_token_id"] = TinyGemmaTokenizer.Begin,
            ["cache_implementation"] = "hybrid",
            ["eos_token_id"] = new JsonArray(TinyGemmaTokenizer.End, TinyGemmaTokenizer.EndOfTurn),
            ["pad_token_id"] = TinyGemmaTokenizer.Pad,
            ["transformers_version"] = "4.42.4",
        }));
        foreach (var (path, content) in TinyGemmaTokenizer.Files())
        {
            yield return (path, Text(content));
        }
    }

    public static string Text(JsonNode node) => node.ToJsonString(Indented) + "\n";

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private const string Card = """
        ---
        license: apache-2.0
        library_name: transformers
        pipeline_tag: text-generation
        tags:
        - gemma2
        ---
        # preheat/tiny-gemma-2

        A model in the layout of Gemma 2 with small dimensions and random weights. It says nothing
        of sense: it is there so that every step from a hub repository to a tested endpoint runs on
        real files within seconds. Made by Preheat's embedded cloud, the same bytes on every machine.

        """;
}
