using System.Text.Json;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Hosting;

namespace Preheat.LocalCloud.Hub;

/// <summary>The built-in model <c>preheat/tiny-gemma-2</c>: made once per state folder, about 70 MB, the same bytes on every machine.</summary>
internal static class TinyGemma
{
    public const string Id = "preheat/tiny-gemma-2";

    /// <summary>Raised whenever the files that this class makes change, so that older ones are made anew.</summary>
    private const int Version = 1;

    /// <summary>Opens the model in <paramref name="root"/>; makes it if it is not there or not whole.</summary>
    public static HubModel Open(string root)
    {
        var directory = Path.Combine(root, "preheat", "tiny-gemma-2");
        var record = directory + ".json";
        var files = Load(record, directory) ?? Make(directory, record);
        return new HubModel(Id, [new HubRevision(GitHash.Commit(files), files)]);
    }

    private static List<HubFile>? Load(string record, string directory)
    {
        if (!File.Exists(record))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(record));
            if (document.RootElement.GetProperty("version").GetInt32() != Version)
            {
                return null;
            }

            var files = document.RootElement.GetProperty("files").EnumerateArray().Select(item =>
            {
                var path = item.GetProperty("path").GetString()!;
                var source = Path.Combine(directory, path);
                var size = item.GetProperty("size").GetInt64();
                return item.TryGetProperty("sha256", out var hash)
                    ? GitHash.Large(path, size, hash.GetString()!, source)
                    : new HubFile(path, size, item.GetProperty("oid").GetString()!, null, 0, source);
            }).ToList();
            return files.TrueForAll(file => new FileInfo(file.Source) is { Exists: true } info && info.Length == file.Size) ? files : null;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null; // a damaged record: make the model again
        }
    }

    private static List<HubFile> Make(string directory, string record)
    {
        var temporary = directory + ".new";
        DeleteIfThere(temporary);
        Directory.CreateDirectory(temporary);
        var (shards, index) = TinyGemmaWeights.Write(temporary);
        foreach (var (path, text) in TinyGemmaConfig.TextFiles().Append(("model.safetensors.index.json", index)))
        {
            File.WriteAllBytes(Path.Combine(temporary, path), TinyGemmaConfig.Bytes(text));
        }

        File.Delete(record);
        DeleteIfThere(directory);
        Directory.Move(temporary, directory);
        var known = shards.ToDictionary(shard => shard.Path, shard => shard.Sha256, StringComparer.Ordinal);
        var files = new DirectoryInfo(directory).EnumerateFiles()
            .OrderBy(file => file.Name, StringComparer.Ordinal)
            .Select(file => known.TryGetValue(file.Name, out var hash) ? GitHash.Large(file.Name, file.Length, hash, file.FullName) : GitHash.Describe(directory, file.Name))
            .ToList();
        AtomicFile.Write(record, TinyGemmaConfig.Bytes(TinyGemmaConfig.Text(new JsonObject { ["version"] = Version, ["files"] = Entries(files) })));
        return files;
    }

    private static JsonArray Entries(IEnumerable<HubFile> files) => new([.. files.Select(file => file.Sha256 is null
        ? new JsonObject { ["path"] = file.Path, ["size"] = file.Size, ["oid"] = file.GitOid }
        : new JsonObject { ["path"] = file.Path, ["size"] = file.Size, ["sha256"] = file.Sha256 })]);

    private static void DeleteIfThere(string directory)
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
