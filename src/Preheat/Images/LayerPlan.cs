using Preheat.Models;

namespace Preheat.Images;

/// <summary>Which files go into which layer: each large file has its own, the small ones share one.</summary>
public static class LayerPlan
{
    /// <summary>A file of at least this many bytes is large. 1 MiB: below it a layer of its own costs more in requests than it saves.</summary>
    public const long LargeFile = 1 << 20;

    /// <summary>Most layers of an image; container runtimes fail at about 127.</summary>
    public const int MostLayers = 100;

    /// <summary>The layers, each sorted by path; the same model gives the same plan.</summary>
    /// <param name="placement">Where the model lies in the image.</param>
    /// <param name="budget">Layers that may be used, at least 1.</param>
    public static IReadOnlyList<IReadOnlyList<LayerFile>> Make(IReadOnlyList<ModelFile> files, ModelPlacement placement, int budget)
    {
        var prefix = placement.Path.Trim('/');
        var placed = files
            .Select(file => new LayerFile(prefix.Length == 0 ? file.Path : $"{prefix}/{file.Path}", file, placement))
            .OrderBy(file => file.Path, StringComparer.Ordinal)
            .ToList();
        var groups = placed.Where(file => file.Source.Size >= LargeFile).Select(file => new List<LayerFile> { file }).ToList();
        var small = placed.Where(file => file.Source.Size < LargeFile).ToList();
        if (small.Count > 0)
            groups.Add(small);
        while (groups.Count > Math.Max(budget, 1))
            MergeSmallest(groups);
        foreach (var group in groups)
            group.Sort((left, right) => string.CompareOrdinal(left.Path, right.Path));
        return [.. groups.OrderBy(group => group[0].Path, StringComparer.Ordinal)];
    }

    private static void MergeSmallest(List<List<LayerFile>> groups)
    {
        groups.Sort((left, right) =>
            Bytes(left).CompareTo(Bytes(right)) is not 0 and var order ? order : string.CompareOrdinal(left[0].Path, right[0].Path));
        groups[1].AddRange(groups[0]);
        groups.RemoveAt(0);
    }

    private static long Bytes(List<LayerFile> group) => group.Sum(file => file.Source.Size);
}
