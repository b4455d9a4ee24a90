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
    /// <exception cref="UserException">It is none of them, or libzstd is missing.</exception>
    public static LayerCompression Parse(string? text) => text switch
    {
        null or "" or "none" => LayerCompression.None,
        "gzip" => LayerCompression.Gzip,
        "zstd" when !ZstdStream.IsAvailable => throw new UserException(
            "--layer-compression zstd needs the library libzstd, which is not on this machine. Install it (Debian: libzstd1), or choose none or gzip."),
        "zstd" => LayerCompression.Zstd,
        _ => throw new UserException($"--layer-compression {text} is not known: none, gzip or zstd."),
    };

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
