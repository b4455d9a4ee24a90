using Preheat.Serving;

namespace Preheat.Images;

/// <summary>How the serving image is made, as the user wrote it; every value may be missing.</summary>
/// <param name="Builder"><c>--image-builder</c></param>
/// <param name="Platform"><c>--image-platform</c></param>
/// <param name="InsecureRegistries"><c>--insecure-registry</c></param>
/// <param name="Compression"><c>--layer-compression</c></param>
/// <param name="Output"><c>--image-output</c></param>
/// <param name="Tag"><c>--image-tag</c></param>
/// <param name="IsBaked">True when the weights are put into the image.</param>
public sealed record ImageBuildRequest(
    string? Builder, string? Platform, IReadOnlyList<string>? InsecureRegistries, string? Compression, string? Output, string? Tag, bool IsBaked)
{
    private const string Layout = "oci-layout";

    /// <summary>Checks all values together.</summary>
    /// <exception cref="UserException">Lists every value that is wrong, with what is allowed.</exception>
    public ImageBuildOptions Validate(ParameterReader read)
    {
        var builder = read.OneOf("--image-builder", Builder, "built-in", "built-in", "docker", "cloudbuild");
        if (builder == "cloudbuild")
            read.Error("--image-builder cloudbuild comes with a later version. Use built-in or docker.");
        var platform = string.IsNullOrEmpty(Platform) ? ImagePlatform.Default : ImagePlatform.TryParse(Platform);
        if (platform is null)
            read.Error("--image-platform", Platform!, "OS/ARCHITECTURE, for example linux/amd64 or linux/arm64");
        var hosts = (InsecureRegistries ?? []).Where(host => host.Length > 0).ToList();
        foreach (var host in hosts.Where(host => host.Contains('/', StringComparison.Ordinal)))
            read.Error("--insecure-registry", host, "HOST or HOST:PORT, without scheme and path");
        var compression = read.Read("--layer-compression", Compression, LayerCompression.None, LayerCompressions.TryParse, "one of none, gzip, zstd");
        if (compression == LayerCompression.Zstd && !ZstdStream.IsAvailable)
            read.Error("--layer-compression zstd needs the library libzstd, which is not on this machine. Install it (Debian: libzstd1), or choose none or gzip.");
        var layout = read.OneOf("--image-output", Output, "registry", "registry", Layout) == Layout;
        if (layout && !IsBaked)
            read.Error("--image-output oci-layout is for images with the weights inside. Use it with --weights baked.");
        if (builder == "docker" && (layout || compression != LayerCompression.None))
            read.Error("--image-builder docker makes and sends the image itself: --image-output oci-layout and --layer-compression are for the built-in builder. Leave one away.");
        var tag = read.Text("--image-tag", Tag, ImageReference.DefaultTag, ImageReference.TagForm(), "1 to 128 letters, digits, '_', '.' and '-', not beginning with '.' or '-'");
        read.ThrowIfWrong();
        return new ImageBuildOptions(builder, platform!, hosts, compression, layout, tag);
    }
}

/// <summary>How the serving image is made.</summary>
/// <param name="Builder"><c>built-in</c> or <c>docker</c>.</param>
/// <param name="InsecureRegistries">Hosts that may be reached over plain http.</param>
/// <param name="Compression">Of the layers of model files.</param>
/// <param name="ToLayout">True: into a directory in OCI layout; false: into the registry.</param>
/// <param name="Tag">What the image is called in the registry beside its digest, which alone is served.</param>
public sealed record ImageBuildOptions(string Builder, ImagePlatform Platform, IReadOnlyList<string> InsecureRegistries, LayerCompression Compression, bool ToLayout, string Tag);
