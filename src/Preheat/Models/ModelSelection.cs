using Preheat.Runs;

namespace Preheat.Models;

/// <summary>What a file is to an inference server.</summary>
public enum FileUse
{
    /// <summary>Not read by the server: other formats of the weights, training state, pictures.</summary>
    None,

    /// <summary>Weights in safetensors.</summary>
    Weights,

    /// <summary>Configuration, tokenizer, code, licence and other small text.</summary>
    Support,
}

/// <summary>Chooses what the server needs: safetensors over pickles, no <c>original/</c>, no GGUF, ONNX and the like.</summary>
public static class ModelSelection
{
    private static readonly HashSet<string> OtherFormats = new(["original", "onnx", "openvino", "coreml", "gguf", "tflite", "tensorrt", "runs", "metal"], StringComparer.OrdinalIgnoreCase);

    private static readonly HashSet<string> SupportExtensions = new([".json", ".txt", ".model", ".tiktoken", ".jinja", ".py", ".vocab", ".yaml", ".yml"], StringComparer.OrdinalIgnoreCase);

    private static readonly string[] SupportNames = ["LICENSE", "LICENCE", "NOTICE", "COPYING", "README", "USE_POLICY"];

    /// <summary>What one path is, by its name alone.</summary>
    public static FileUse Judge(string path)
    {
        var parts = path.Split('/');
        var name = parts[^1];
        if (parts.Any(part => part.StartsWith('.')) || parts[..^1].Any(OtherFormats.Contains))
            return FileUse.None;
        var extension = Path.GetExtension(name);
        // consolidated*.safetensors are the same weights once more, in the layout of the model's own training code.
        if (extension.Equals(".safetensors", StringComparison.OrdinalIgnoreCase))
            return name.StartsWith("consolidated", StringComparison.OrdinalIgnoreCase) ? FileUse.None : FileUse.Weights;
        // The index of another format: pytorch_model.bin.index.json, tf_model.h5.index.json.
        if (name.EndsWith(".index.json", StringComparison.OrdinalIgnoreCase) && !name.EndsWith(".safetensors.index.json", StringComparison.OrdinalIgnoreCase))
            return FileUse.None;
        return SupportExtensions.Contains(extension) || SupportNames.Any(start => name.StartsWith(start, StringComparison.OrdinalIgnoreCase))
            ? FileUse.Support
            : FileUse.None;
    }

    /// <summary>The files to serve from, sorted; <paramref name="indexed"/> (from the safetensors index) narrows the weights to the shards it names.</summary>
    public static IReadOnlyList<ModelFile> Select(IReadOnlyList<ModelFile> files, IReadOnlySet<string>? indexed)
    {
        var whole = indexed is null && files.Any(file => file.Path == "model.safetensors");
        return [.. files
            .Where(file => Judge(file.Path) switch
            {
                FileUse.Support => true,
                FileUse.Weights when indexed is not null => indexed.Contains(file.Path),
                // Without an index model.safetensors is the model; model.fp16.safetensors beside it is a variant.
                FileUse.Weights when whole => file.Path == "model.safetensors",
                FileUse.Weights => !file.Path.Contains('/'),
                _ => false,
            })
            .OrderBy(file => file.Path, StringComparer.Ordinal)];
    }

    /// <summary>The weights among the chosen files: those that the server reads by itself, or, where none of them is chosen, the variant that is.</summary>
    public static IReadOnlyList<ModelFile> Weights(IReadOnlyList<ModelFile> chosen, IReadOnlyList<ModelFile> needed)
    {
        var all = chosen.Where(file => Path.GetExtension(file.Path).Equals(".safetensors", StringComparison.OrdinalIgnoreCase)).ToList();
        var read = needed.Where(file => Judge(file.Path) == FileUse.Weights && all.Contains(file)).ToList();
        return read.Count > 0 ? read : all;
    }

    /// <summary>Says what was chosen and what was left out.</summary>
    public static Note Describe(IReadOnlyList<ModelFile> all, IReadOnlyList<ModelFile> chosen)
    {
        var weights = chosen.Where(file => Path.GetExtension(file.Path).Equals(".safetensors", StringComparison.OrdinalIgnoreCase)).ToList();
        var taken = chosen.Select(file => file.Path).ToHashSet();
        var left = all.Where(file => !taken.Contains(file.Path)).Select(file => file.Path).Order(StringComparer.Ordinal).ToList();
        var leftOut = left.Count == 0 ? "" : $"; left out {left.Count}: {string.Join(", ", left.Take(6))}{(left.Count > 6 ? ", …" : "")}";
        return new Note($"Takes {weights.Count} safetensors {(weights.Count == 1 ? "file" : "files")} ({weights.Sum(file => file.Size):N0} bytes) and {chosen.Count - weights.Count} files of configuration, tokenizer and licence{leftOut}.");
    }
}
