using System.Text.Json.Nodes;

namespace Preheat.LocalCloud.Hub;

/// <summary>A small byte-pair-encoding tokenizer in the form of the <c>tokenizers</c> library, with Gemma's special tokens and byte fall-back.</summary>
internal static class TinyGemmaTokenizer
{
    public const int Pad = 0;
    public const int End = 1;
    public const int Begin = 2;
    public const int EndOfTurn = 6;

    private const string Space = "\u2581";
    private static readonly string[] Special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<start_of_turn>", "<end_of_turn>"];

    /// <summary>Words whose prefixes become tokens; each is known with and without a space before it.</summary>
    private static readonly string[] Words =
    [
        .. "the and that for with this from have what your which when where there their would could should about other people model user token write".Split(' '),
        .. "answer question world time good new first last long great little own old right big high different small large next early young important".Split(' '),
        .. "public bad same able work life day year way part place case week company system program number point home water room mother area money".Split(' '),
        .. "story fact month lot study book eye job word business issue side kind head house service friend father power hour game line end member".Split(' '),
        .. "law car city name president team minute idea body back parent face others level office door health person art war history party result".Split(' '),
    ];

    private static readonly string ChatTemplate = string.Concat(
        "{{ bos_token }}{% for message in messages %}",
        "{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}",
        "{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}");

    public static IEnumerable<(string Path, JsonNode Content)> Files()
    {
        yield return ("special_tokens_map.json", new JsonObject
        {
            ["additional_special_tokens"] = new JsonArray("<start_of_turn>", "<end_of_turn>"),
            ["bos_token"] = "<bos>",
            ["eos_token"] = "<eos>",
            ["pad_token"] = "<pad>",
            ["unk_token"] = "<unk>",
        });
        yield return ("tokenizer.json", Tokenizer());
        yield return ("tokenizer_config.json", new JsonObject
        {
            ["add_bos_token"] = true,
            ["add_eos_token"] = false,
            ["bos_token"] = "<bos>",
            ["chat_template"] = ChatTemplate,
            ["clean_up_tokenization_spaces"] = false,
            ["eos_token"] = "<eos>",
            ["model_max_length"] = 8192,
            ["pad_token"] = "<pad>",
            ["tokenizer_class"] = "GemmaTokenizer",
            ["unk_token"] = "<unk>",
        });
    }

    private static JsonObject Tokenizer()
    {
        var vocabulary = new JsonObject();
        var merges = new JsonArray();
        foreach (var token in Special.Concat(Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>")).Append(Space).Append("\n")
            .Concat(Enumerable.Range('!', '~' - '!' + 1).Select(code => ((char)code).ToString())))
        {
            vocabulary[token] = vocabulary.Count;
        }

        foreach (var word in Words.SelectMany(word => new[] { Space + word, word }))
        {
            for (var length = 2; length <= word.Length; length++)
            {
                if (!vocabulary.ContainsKey(word[..length]))
                {
                    vocabulary[word[..length]] = vocabulary.Count;
                    merges.Add((JsonNode)$"{word[..(length - 1)]} {word[length - 1]}");
                }
            }
        }

        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. Special.Select((token, id) => new JsonObject
            {
                ["id"] = id, ["content"] = token, ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false, ["normalized"] = false, ["special"] = true,
            })]),
            ["normalizer"] = new JsonObject { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = " " }, ["content"] = Space },
            ["pre_tokenizer"] = null,
            ["post_processor"] = new JsonObject
            {
                ["type"] = "TemplateProcessing",
                ["single"] = new JsonArray(Piece("SpecialToken", "<bos>", 0), Piece("Sequence", "A", 0)),
                ["pair"] = new JsonArray(Piece("SpecialToken", "<bos>", 0), Piece("Sequence", "A", 0), Piece("SpecialToken", "<bos>", 1), Piece("Sequence", "B", 1)),
                ["special_tokens"] = new JsonObject
                {
                    ["<bos>"] = new JsonObject { ["id"] = "<bos>", ["ids"] = new JsonArray(Begin), ["tokens"] = new JsonArray("<bos>") },
                },
            },
            ["decoder"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["decoders"] = new JsonArray(
                    new JsonObject { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = Space }, ["content"] = " " },
                    new JsonObject { ["type"] = "ByteFallback" },
                    new JsonObject { ["type"] = "Fuse" }),
            },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = "<unk>",
                ["continuing_subword_prefix"] = null,
                ["end_of_word_suffix"] = null,
                ["fuse_unk"] = true,
                ["byte_fallback"] = true,
                ["ignore_merges"] = false,
                ["vocab"] = vocabulary,
                ["merges"] = merges,
            },
        };
    }

    private static JsonObject Piece(string kind, string id, int type) => new() { [kind] = new JsonObject { ["id"] = id, ["type_id"] = type } };
}
