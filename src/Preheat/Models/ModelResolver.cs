using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Preheat.Runs;

namespace Preheat.Models;

/// <summary>Pins a model reference to a revision and checks, from headers alone, that it can be served.</summary>
public static class ModelResolver
{
    private const int MostAtOnce = 8;
    private const int LongestConfig = 4 << 20;

    /// <summary>Resolves a reference; of the weights only the safetensors headers are read.</summary>
    /// <param name="hubToken">Token of the model hub; null for public models.</param>
    /// <exception cref="UserException">The model is missing, may not be read, or is damaged; the message names the file and the next step.</exception>
    public static Task<ModelSnapshot> ResolveAsync(
        ModelReference reference, CloudEndpoints endpoints, Secret? hubToken, IEventSink events, TimeProvider time, CancellationToken cancellation) =>
        ResolveAsync(reference, new ResolveOptions(), endpoints, hubToken, events, time, cancellation);

    /// <summary>As the other, with a choice of files or with the content of local files verified.</summary>
    public static async Task<ModelSnapshot> ResolveAsync(
        ModelReference reference, ResolveOptions options, CloudEndpoints endpoints, Secret? hubToken, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        using var source = ModelSources.Open(reference, endpoints, hubToken, time, options.Filter, events);
        return await ResolveAsync(reference, options, source, events, time, cancellation);
    }

    /// <summary>Resolves a reference from a source already open.</summary>
    public static async Task<ModelSnapshot> ResolveAsync(
        ModelReference reference, ResolveOptions options, IModelSource source, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var listing = await source.ListAsync(cancellation);
        var byPath = listing.Files.ToDictionary(file => file.Path);
        var index = await ReadIndexAsync(source, byPath, cancellation);
        var needed = ModelSelection.Select(listing.Files, index?.Shards);
        var chosen = options.Filter.Choose(listing.Files, needed);
        if (index is not null)
            RequireShards(source, index, byPath);
        var weights = ModelSelection.Weights(chosen, needed);
        // Where a variant takes the place of the weights, the index and its shards have no part.
        var own = weights.Count == 0 || weights.Any(needed.Contains);
        RequireChosen(source, chosen, needed, own);
        if (weights.Count == 0)
            throw NoWeights(source, listing.Files);
        if (ModelCompleteness.MissingShards(weights.Select(file => file.Path)) is [var lost, ..])
            throw new UserException($"{source.Description} lacks {lost}, which the names of the other shards promise. Download or copy all of the model, or choose another revision.");
        var (architecture, dimensions) = await ReadConfigAsync(source, byPath, cancellation);

        var tensors = new Dictionary<string, (string File, TensorEntry Tensor)>();
        foreach (var (file, header) in weights.Zip(await ReadHeadersAsync(source, weights, cancellation)))
        {
            foreach (var tensor in header.Tensors)
            {
                if (!tensors.TryAdd(tensor.Name, (file.Path, tensor)))
                    throw Bad(source, file.Path, $"it holds the tensor {tensor.Name}, which {tensors[tensor.Name].File} holds too");
            }
        }
        if (index is not null && own)
            Compare(source, index, tensors, events);
        events.Emit(ModelSelection.Describe(listing.Files, chosen));
        ModelCompleteness.WarnWithoutTokenizer(chosen, source.Description, events);
        if (options.VerifyContent)
            chosen = await ContentVerifier.HashAsync(source, chosen, events, time, cancellation);
        return new ModelSnapshot
        {
            Reference = reference.ToString(),
            Name = reference.Scheme == ModelScheme.HuggingFace ? reference.Location : reference.ShortName,
            Revision = listing.Revision ?? RevisionOf(chosen),
            Files = chosen,
            Parameters = tensors.Values.Sum(entry => entry.Tensor.Elements),
            DType = tensors.Values
                .GroupBy(entry => entry.Tensor.DType, (dtype, group) => (DType: dtype, Elements: group.Sum(entry => entry.Tensor.Elements)))
                .OrderByDescending(group => group.Elements).ThenBy(group => group.DType, StringComparer.Ordinal)
                .First().DType,
            Architecture = architecture,
            Dimensions = dimensions,
            WeightBytes = tensors.Values.Sum(entry => entry.Tensor.End - entry.Tensor.Begin),
            License = listing.License,
        };
    }

    /// <summary>A hash over the identities of files: the revision of a model whose source knows none.</summary>
    private static string RevisionOf(IEnumerable<ModelFile> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files)
            hash.AppendData(Encoding.UTF8.GetBytes($"{file.Path}\0{file.Identity}\n"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static async Task<WeightIndex?> ReadIndexAsync(IModelSource source, Dictionary<string, ModelFile> files, CancellationToken cancellation)
    {
        if (!files.TryGetValue(WeightIndex.FileName, out var file))
            return null;
        var json = await ReadWholeAsync(source, file, WeightIndex.Longest, cancellation);
        try
        {
            return WeightIndex.Parse(json);
        }
        catch (FormatException exception)
        {
            throw Bad(source, file.Path, exception.Message, exception);
        }
    }

    private static void RequireShards(IModelSource source, WeightIndex index, Dictionary<string, ModelFile> files)
    {
        var missing = index.Shards.Where(shard => !files.ContainsKey(shard)).Order(StringComparer.Ordinal).ToList();
        if (missing.Count > 0)
            throw Bad(source, WeightIndex.FileName, $"it names {string.Join(", ", missing.Take(5))}{(missing.Count > 5 ? ", …" : "")}, which {(missing.Count == 1 ? "is" : "are")} not there");
    }

    /// <summary>What a server cannot start without must not be filtered away.</summary>
    private static void RequireChosen(IModelSource source, IReadOnlyList<ModelFile> chosen, IReadOnlyList<ModelFile> needed, bool own)
    {
        var taken = chosen.Select(file => file.Path).ToHashSet(StringComparer.Ordinal);
        var missing = needed
            .Where(file => file.Path == "config.json" || (own && (file.Path == WeightIndex.FileName || ModelSelection.Judge(file.Path) == FileUse.Weights)))
            .Select(file => file.Path)
            .Where(path => !taken.Contains(path))
            .ToList();
        if (missing.Count > 0)
            throw new UserException($"{source.Description} cannot be served without {string.Join(", ", missing.Take(5))}{(missing.Count > 5 ? ", …" : "")}, which --model-include or --model-exclude leaves out. Widen the patterns.");
    }

    private static async Task<(string Architecture, ModelDimensions? Dimensions)> ReadConfigAsync(IModelSource source, Dictionary<string, ModelFile> files, CancellationToken cancellation)
    {
        const string name = "config.json";
        if (!files.TryGetValue(name, out var file))
            throw new UserException($"{source.Description} has no config.json, so no server can load it. Name a model in the Hugging Face layout.");
        var json = await ReadWholeAsync(source, file, LongestConfig, cancellation);
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.GetProperty("architectures")[0].GetString() is { Length: > 0 } architecture
                ? (architecture, ModelDimensions.From(document.RootElement))
                : throw Bad(source, name, "architectures[0] is empty");
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            throw Bad(source, name, $"it has no readable \"architectures\" ({exception.Message.TrimEnd('.')})", exception);
        }
    }

    private static async Task<SafetensorsHeader[]> ReadHeadersAsync(IModelSource source, IReadOnlyList<ModelFile> files, CancellationToken cancellation)
    {
        var headers = new SafetensorsHeader[files.Count];
        await Parallel.ForAsync(0, files.Count, new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = cancellation }, async (i, token) => headers[i] = await ReadHeaderAsync(source, files[i], token));
        return headers;
    }

    private static async Task<SafetensorsHeader> ReadHeaderAsync(IModelSource source, ModelFile file, CancellationToken cancellation)
    {
        try
        {
            // Exactly the header, so that of an unchanged model no byte of a tensor is ever fetched again.
            var start = await ReadAsync(source, file, 0, (int)Math.Min(file.Size, 8), cancellation);
            var length = SafetensorsHeader.JsonLength(start, file.Size);
            return SafetensorsHeader.Parse(await ReadAsync(source, file, 8, length, cancellation), file.Size);
        }
        catch (FormatException exception)
        {
            throw Bad(source, file.Path, exception.Message, exception);
        }
    }

    private static Task<byte[]> ReadWholeAsync(IModelSource source, ModelFile file, int limit, CancellationToken cancellation) =>
        file.Size <= limit
            ? ReadAsync(source, file, 0, (int)file.Size, cancellation)
            : throw Bad(source, file.Path, $"it has {file.Size:N0} bytes, more than the {limit:N0} that are read");

    private static async Task<byte[]> ReadAsync(IModelSource source, ModelFile file, long offset, int length, CancellationToken cancellation)
    {
        var bytes = new byte[length];
        try
        {
            await using var stream = await source.OpenAsync(file, offset, length, cancellation);
            await stream.ReadExactlyAsync(bytes, cancellation);
            return bytes;
        }
        catch (EndOfStreamException exception)
        {
            throw Bad(source, file.Path, $"it ends before byte {offset + length:N0}", exception);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            throw new PreheatException($"{file.Path} of {source.Description} broke off while it was read: {exception.Message} Run the step again.", exception);
        }
    }

    private static void Compare(IModelSource source, WeightIndex index, Dictionary<string, (string File, TensorEntry Tensor)> tensors, IEventSink events)
    {
        foreach (var (name, shard) in index.ShardOf.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            if (!tensors.TryGetValue(name, out var found))
                throw Bad(source, WeightIndex.FileName, $"it puts the tensor {name} into {shard}, which does not hold it");
            if (found.File != shard)
                throw Bad(source, WeightIndex.FileName, $"it puts the tensor {name} into {shard}, but {found.File} holds it");
        }
        var unnamed = tensors.Keys.Where(name => !index.ShardOf.ContainsKey(name)).Order(StringComparer.Ordinal).ToList();
        if (unnamed.Count > 0)
            events.Emit(new Warning($"{unnamed.Count} tensors are in the shards but not in {WeightIndex.FileName}, for example {unnamed[0]}: servers may ignore them."));
    }

    private static UserException NoWeights(IModelSource source, IReadOnlyList<ModelFile> files)
    {
        var pickles = files.Any(file => file.Path.EndsWith(".bin", StringComparison.Ordinal) || file.Path.EndsWith(".pth", StringComparison.Ordinal));
        return new UserException(pickles
            ? $"{source.Description} has pickled weights only (.bin or .pth), which may run code when they are loaded. Choose a revision with safetensors, or convert them."
            : $"{source.Description} has no *.safetensors weights. Name a model in the Hugging Face layout.");
    }

    private static UserException Bad(IModelSource source, string path, string what, Exception? inner = null) =>
        new($"{path} of {source.Description} is not good: {what}. Download or copy the file again, or choose another revision.", inner);
}
