using System.Globalization;
using System.Text.RegularExpressions;
using Preheat.Runs;

namespace Preheat.Models;

/// <summary>Finds what a model lacks by the names of its files alone.</summary>
internal static partial class ModelCompleteness
{
    // What the tokenizers of transformers and of mistral-common load from.
    private static readonly string[] TokenizerFiles = ["tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "sentencepiece.bpe.model", "tekken.json"];

    /// <summary>The shards that others of their set say there are: <c>model-00001-of-00004.safetensors</c> promises three more. Sorted.</summary>
    public static IReadOnlyList<string> MissingShards(IEnumerable<string> weights)
    {
        var present = weights.ToHashSet(StringComparer.Ordinal);
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        var sets = present.Select(path => ShardForm().Match(path)).Where(match => match.Success).Select(match => (Prefix: match.Groups["prefix"].Value, Total: match.Groups["total"].Value)).Distinct();
        foreach (var (prefix, total) in sets)
        {
            for (var number = 1; number <= int.Parse(total, CultureInfo.InvariantCulture); number++)
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"{prefix}{number:00000}-of-{total}.safetensors");
                if (!present.Contains(name))
                    missing.Add(name);
            }
        }
        return [.. missing];
    }

    /// <summary>Says so when no file is a tokenizer: the server would end at its start, after everything was downloaded.</summary>
    public static void WarnWithoutTokenizer(IEnumerable<ModelFile> chosen, string description, IEventSink events)
    {
        if (!chosen.Any(file => TokenizerFiles.Contains(file.Path, StringComparer.Ordinal) || file.Path.EndsWith(".tiktoken", StringComparison.Ordinal)))
            events.Emit(new Warning($"{description} has no tokenizer ({string.Join(", ", TokenizerFiles[..3])}, …), so a server will most likely not start with it."));
    }

    [GeneratedRegex(@"^(?<prefix>.*-)\d{5}-of-(?<total>\d{5})\.safetensors\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex ShardForm();
}
