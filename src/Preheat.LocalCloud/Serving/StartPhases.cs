using Preheat.LocalCloud.Serving.ModelFiles;

namespace Preheat.LocalCloud.Serving;

/// <summary>
/// Modelled times of a server's start. The orders of magnitude are those of published logs: imports and engine 8 to 12 s, weights at
/// what the source yields, <c>torch.compile</c> and CUDA graphs together about 30 s for 42 layers.
/// </summary>
internal sealed record StartPhases(TimeSpan Import, TimeSpan Weights, TimeSpan Compile)
{
    /// <summary>Python and torch imports, argument parsing, the engine's process: seconds.</summary>
    private const double ImportSeconds = 12;

    /// <summary>Network boot disk, page cache cold, bytes per second: where an image's layers and its weights lie.</summary>
    private const double ImageBytesPerSecond = 350e6;

    /// <summary>A mounted volume read by the default loader, bytes per second.</summary>
    private const double VolumeBytesPerSecond = 700e6;

    /// <summary>The Run:ai streamer's concurrent reads, bytes per second.</summary>
    private const double StreamerBytesPerSecond = 1.18e9;

    /// <summary>Modelled times for a model.</summary>
    /// <param name="mounted">The weights lie in a volume, not in the image.</param>
    /// <param name="loadFormat">vLLM's <c>--load-format</c>.</param>
    /// <param name="eager">No compilation, no graphs.</param>
    public static StartPhases For(ModelFolder model, bool mounted, string loadFormat, bool eager)
    {
        var rate = loadFormat.StartsWith("runai_streamer", StringComparison.Ordinal) ? StreamerBytesPerSecond : mounted ? VolumeBytesPerSecond : ImageBytesPerSecond;
        return new StartPhases(
            TimeSpan.FromSeconds(ImportSeconds),
            TimeSpan.FromSeconds(loadFormat == "dummy" ? 1 : 0.5 + model.WeightBytes / rate),
            TimeSpan.FromSeconds(eager ? 1 : 3 + 0.65 * model.Config.Layers));
    }
}
