using System.Text.Json;
using Preheat.Runs;

namespace Preheat.Images;

/// <summary>The layers that earlier bakes on this machine have sent, one JSON object a line; null path: remembers nothing.</summary>
/// <remarks>
/// It knows local files by size, mtime, ctime and inode, which no manifest should carry. A line is written before the layer's upload is committed, so that a
/// commit is never forgotten whenever the process is killed; that it may name a layer which never arrived does no harm: every layer found here is asked for
/// at the registry before it is used.
/// </remarks>
/// <param name="dryRun">Takes what is added; null writes it.</param>
internal sealed class LayerJournal(string? path, DryRun? dryRun = null)
{
    private const long Longest = 16 << 20;

    private readonly Lock _lock = new();

    /// <summary>The layers known so far; a line cut short by a crash is skipped.</summary>
    public IReadOnlyList<KnownLayer> Read()
    {
        if (path is null || !File.Exists(path) || new FileInfo(path).Length > Longest)
            return [];
        var layers = new List<KnownLayer>();
        foreach (var line in File.ReadLines(path))
        {
            try
            {
                if (JsonSerializer.Deserialize<KnownLayer>(line, ManifestJson.Options) is { Files.Count: > 0 } layer)
                    layers.Add(layer);
            }
            catch (JsonException)
            {
                // Cut short, or of an older form.
            }
        }
        return layers;
    }

    public void Add(KnownLayer layer)
    {
        if (path is null)
            return;
        if (dryRun is not null)
        {
            dryRun.Write(path, "a line for a layer");
            return;
        }
        var line = JsonSerializer.Serialize(layer, ManifestJson.Options) + "\n";
        lock (_lock)
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
                Directory.CreateDirectory(folder);
            using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            // What a killed process left of its last line must not swallow this one.
            if (file.Length > 0 && file.Seek(-1, SeekOrigin.End) >= 0 && file.ReadByte() != '\n')
                line = "\n" + line;
            file.Seek(0, SeekOrigin.End);
            file.Write(System.Text.Encoding.UTF8.GetBytes(line));
        }
    }
}
