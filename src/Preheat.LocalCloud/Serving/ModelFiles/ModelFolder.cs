using System.Text.Json;

namespace Preheat.LocalCloud.Serving.ModelFiles;

/// <summary>A model on disk whose weights were found whole: every header read, every size and the index checked.</summary>
/// <param name="WeightBytes">Bytes of all tensors.</param>
/// <param name="Parameters">Values of all tensors.</param>
/// <param name="Files">Names of the safetensors files, sorted.</param>
/// <param name="EmbeddingBytes">Bytes of the embedding table.</param>
/// <param name="HasChatTemplate">Whether the tokenizer brings a chat template; true where there is no tokenizer configuration to ask.</param>
internal sealed record ModelFolder(ModelConfig Config, long WeightBytes, long Parameters, long EmbeddingBytes, IReadOnlyList<string> Files, bool HasChatTemplate)
{
    private const string Index = "model.safetensors.index.json";

    /// <summary>An index names one file per tensor; this is far above the largest known.</summary>
    private const long MaxIndexBytes = 64 * 1024 * 1024;

    /// <summary>Reads a model's folder.</summary>
    /// <param name="files">The container's files; every file is resolved through them, since hub caches hold links.</param>
    /// <param name="path">The folder's path inside the container.</param>
    /// <exception cref="ServerExit">Anything damaged or missing.</exception>
    public static ModelFolder Open(ContainerFiles files, string path)
    {
        var folder = files.Resolve(path) ?? throw ServerExit.Raise("OSError", $"Can't load the configuration of '{path}': no such directory.");
        var config = ModelConfig.Read(files, path);
        var tensors = new Dictionary<string, (TensorInfo Tensor, string File)>(StringComparer.Ordinal);
        var expected = ReadIndex(files, path);
        var names = expected?.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList()
            ?? [.. Directory.EnumerateFiles(folder, "*.safetensors").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];
        if (names.Count == 0)
        {
            throw ServerExit.Raise("RuntimeError", $"Cannot find any model weights with `{path}`");
        }

        foreach (var name in names)
        {
            foreach (var tensor in ReadShard(files, path, name))
            {
                if (!tensors.TryAdd(tensor.Name, (tensor, name)))
                {
                    throw ServerExit.Raise("ValueError", $"Tensor {tensor.Name} is in both {tensors[tensor.Name].File} and {name}.");
                }
            }
        }

        CheckIndex(expected, tensors);
        CheckShapes(config, tensors);
        var all = tensors.Values.Select(t => t.Tensor).ToList();
        return new ModelFolder(
            config,
            all.Sum(t => t.End - t.Begin),
            all.Sum(Values),
            all.Where(t => t.Name.EndsWith("embed_tokens.weight", StringComparison.Ordinal)).Sum(t => t.End - t.Begin),
            names,
            ReadChatTemplate(files, path));
    }

    private static IReadOnlyList<TensorInfo> ReadShard(ContainerFiles files, string path, string name)
    {
        if (name.Contains('/') || files.Resolve($"{path}/{name}") is not { } file || !File.Exists(file))
        {
            throw ServerExit.Raise("FileNotFoundError", $"No such file or directory: \"{path}/{name}\"");
        }

        try
        {
            return SafetensorsHeader.Read(file);
        }
        catch (InvalidDataException wrong)
        {
            throw ServerExit.Raise("safetensors_rust.SafetensorError", $"Error while deserializing header: {wrong.Message} ({path}/{name})");
        }
    }

    private static Dictionary<string, string>? ReadIndex(ContainerFiles files, string path)
    {
        if (files.Resolve($"{path}/{Index}") is not { } file)
        {
            return null;
        }

        try
        {
            if (new FileInfo(file).Length > MaxIndexBytes)
            {
                throw ServerExit.Raise("ValueError", $"{Index} is larger than {MaxIndexBytes} bytes.");
            }

            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            return document.RootElement.GetProperty("weight_map").EnumerateObject().ToDictionary(e => e.Name, e => e.Value.GetString() ?? "", StringComparer.Ordinal);
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException)
        {
            throw ServerExit.Raise("ValueError", $"{path}/{Index} has no valid weight_map: {wrong.Message}");
        }
    }

    private static void CheckIndex(Dictionary<string, string>? expected, Dictionary<string, (TensorInfo Tensor, string File)> tensors)
    {
        foreach (var (tensor, file) in expected ?? [])
        {
            if (!tensors.TryGetValue(tensor, out var found) || found.File != file)
            {
                throw ServerExit.Raise("KeyError", $"'{tensor}': {Index} says {file}, which does not hold it.");
            }
        }

        if (expected is not null && tensors.Keys.FirstOrDefault(t => !expected.ContainsKey(t)) is { } extra)
        {
            throw ServerExit.Raise("KeyError", $"'{extra}': in {tensors[extra].File}, but not in {Index}.");
        }
    }

    /// <summary>The shapes that config.json fixes: embedding, output head, and the number of layers.</summary>
    private static void CheckShapes(ModelConfig config, Dictionary<string, (TensorInfo Tensor, string File)> tensors)
    {
        foreach (var name in new[] { "model.embed_tokens.weight", "lm_head.weight" })
        {
            // The vocabulary may be padded beyond vocab_size, never cut.
            if (tensors.TryGetValue(name, out var found) && !(found.Tensor.Shape is [var rows, var width] && rows >= config.VocabularySize && width == config.HiddenSize))
            {
                throw ServerExit.Raise("AssertionError", $"{name} has shape [{string.Join(", ", found.Tensor.Shape)}], config.json wants [{config.VocabularySize}, {config.HiddenSize}].");
            }
        }

        const string Prefix = "model.layers.";
        var layers = tensors.Keys.Where(k => k.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(k => k[Prefix.Length..].Split('.')[0]).Distinct(StringComparer.Ordinal).Count();
        if (layers > 0 && layers != config.Layers)
        {
            throw ServerExit.Raise("ValueError", $"The weights hold {layers} layers, config.json wants {config.Layers}.");
        }
    }

    private static long Values(TensorInfo tensor)
    {
        var product = 1L;
        foreach (var dimension in tensor.Shape)
        {
            product *= dimension;
        }

        return product;
    }

    private static bool ReadChatTemplate(ContainerFiles files, string path)
    {
        if (files.Resolve($"{path}/chat_template.jinja") is not null || files.Resolve($"{path}/chat_template.json") is not null)
        {
            return true;
        }

        if (files.Resolve($"{path}/tokenizer_config.json") is not { } file)
        {
            return true;
        }

        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            return document.RootElement.TryGetProperty("chat_template", out _);
        }
        catch (JsonException)
        {
            throw ServerExit.Raise("OSError", $"{path}/tokenizer_config.json is not valid JSON.");
        }
    }
}
