using Preheat.Serving;

namespace Preheat.Images;

/// <summary>How the serving image is made, as the user wrote it; every value may be missing.</summary>
/// <param name="Builder"><c>--image-builder</c></param>
/// <param name="Platform"><c>--image-platform</c></param>
/// <param name="InsecureRegistries"><c>--insecure-registry</c></param>
public sealed record ImageBuildRequest(string? Builder, string? Platform, IReadOnlyList<string>? InsecureRegistries)
{
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
        read.ThrowIfWrong();
        return new ImageBuildOptions(builder, platform!, hosts);
    }
}

/// <summary>How the serving image is made.</summary>
/// <param name="Builder"><c>built-in</c> or <c>docker</c>.</param>
/// <param name="InsecureRegistries">Hosts that may be reached over plain http.</param>
public sealed record ImageBuildOptions(string Builder, ImagePlatform Platform, IReadOnlyList<string> InsecureRegistries);
