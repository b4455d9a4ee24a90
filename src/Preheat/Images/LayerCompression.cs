using System.IO.Compression;

namespace Preheat.Images;

/// <summary>How layers of model files are compressed.</summary>
public enum LayerCompression
{
    /// <summary>Plain tar.</summary>
    None,

    Gzip,

    /// <summary>Through libzstd, where it is installed.</summary>
    Zstd,
}

/// <summary>What follows from the choice.</summary>
public static class LayerCompressions
{
    /// <summary>Reads the value of <c>--layer-compression</c>.</summary>
    internal static bool TryParse(string text, out LayerCompression compression) =>
        Enum.TryParse(text, ignoreCase: true, out compression) && Enum.IsDefined(compression) && !char.IsAsciiDigit(text[0]);

    internal static string MediaType(LayerCompression compression) => compression switch
    {
        LayerCompression.Gzip => MediaTypes.OciLayerGzip,
        LayerCompression.Zstd => MediaTypes.OciLayerZstd,
        _ => MediaTypes.OciLayer,
    };

    internal static LayerCompression? OfMediaType(string mediaType) => mediaType switch
    {
        MediaTypes.OciLayer => LayerCompression.None,
        MediaTypes.OciLayerGzip => LayerCompression.Gzip,
        MediaTypes.OciLayerZstd => LayerCompression.Zstd,
        _ => null,
    };

    // The fastest level of each: weights are noise to a stronger one.
    internal static Stream Compress(Stream target, LayerCompression compression) => compression == LayerCompression.Zstd
        ? new ZstdStream(target)
        : new GZipStream(target, CompressionLevel.Fastest, leaveOpen: true);
}
