using Preheat.LocalCloud.Serving.ModelFiles;

namespace Preheat.LocalCloud.Serving;

/// <summary>
/// Modelled times of a server's start. The orders of magnitude are those of published logs: imports and engine 8 to 12 s, weights at
/// what the source yields, <c>torch.compile</c> and CUDA graphs together about 30 s for 42 layers.
/// </summary>
/// <param name="Download">The part of <paramref name="Weights"/> in which they come from a hub.</param>
internal sealed record StartPhases(TimeSpan Import, TimeSpan Weights, TimeSpan Download, TimeSpan Compile)
{
    /// <summary>Python and torch imports, argument parsing, the engine's process: seconds.</summary>
    private const double ImportSeconds = 12;

    /// <summary>Network boot disk, page cache cold, bytes per second: where an image's layers and its weights lie.</summary>
    private const double ImageBytesPerSecond = 350e6;

    /// <summary>A mounted volume read by the default loader, bytes per second.</summary>
    private const double VolumeBytesPerSecond = 700e6;

    /// <summary>What a model hub yields to one node, bytes per second: some 2 Gbit/s over several connections.</summary>
    private const double HubBytesPerSecond = 250e6;

    /// <summary>The Run:ai streamer's concurrent reads, bytes per second.</summary>
    private const double StreamerBytesPerSecond = 1.18e9;

    /// <summary>Modelled times for a model.</summary>
    /// <param name="place">Where the weights are before the start.</param>
    /// <param name="loadFormat">vLLM's <c>--load-format</c>.</param>
    /// <param name="eager">No compilation, no graphs.</param>
    public static StartPhases For(ModelFolder model, WeightsPlace place, string loadFormat, bool eager)
    {
        var rate = loadFormat.StartsWith("runai_streamer", StringComparison.Ordinal) ? StreamerBytesPerSecond : place == WeightsPlace.Volume ? VolumeBytesPerSecond : ImageBytesPerSecond;
        var download = TimeSpan.FromSeconds(place == WeightsPlace.Hub && loadFormat != "dummy" ? model.WeightBytes / HubBytesPerSecond : 0);
        return new StartPhases(
            TimeSpan.FromSeconds(ImportSeconds),
            download + TimeSpan.FromSeconds(loadFormat == "dummy" ? 1 : 0.5 + model.WeightBytes / rate),
            download,
            TimeSpan.FromSeconds(eager ? 1 : 3 + 0.65 * model.Config.Layers));
    }
}

/// <summary>Where weights are before a server starts.</summary>
internal enum WeightsPlace
{
    /// <summary>In the image, on the boot disk.</summary>
    Image,

    /// <summary>In a mounted volume.</summary>
    Volume,

    /// <summary>On a hub: downloaded to the boot disk first.</summary>
    Hub,
}
