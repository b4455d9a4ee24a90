using System.Text.RegularExpressions;

namespace Preheat.Images;

/// <summary>The platform an image is chosen for: <c>linux/amd64</c>, <c>linux/arm64</c>, <c>linux/arm/v7</c>. A value that exists is valid.</summary>
/// <remarks>OCI image specification, <c>image-index.md</c>, "platform"; written as docker's <c>--platform</c> is.</remarks>
public sealed partial record ImagePlatform
{
    private ImagePlatform(string os, string architecture, string? variant) => (Os, Architecture, Variant) = (os, architecture, variant);

    /// <summary>What Google's GPU machines are, but for those with Arm processors.</summary>
    public static ImagePlatform Default { get; } = new("linux", "amd64", null);

    /// <summary><c>linux</c>.</summary>
    public string Os { get; }

    /// <summary>Go's name of the processor: <c>amd64</c>, <c>arm64</c>.</summary>
    public string Architecture { get; }

    /// <summary><c>v7</c>, <c>v8</c>; null when any will do.</summary>
    public string? Variant { get; }

    /// <summary>Reads OS/ARCHITECTURE[/VARIANT].</summary>
    /// <exception cref="UserException">The text is no platform.</exception>
    public static ImagePlatform Parse(string text) => TryParse(text)
        ?? throw new UserException($"'{text}' is no platform. Write OS/ARCHITECTURE with --image-platform, for example linux/amd64 or linux/arm64.");

    /// <summary>As <see cref="Parse"/>; null when the text is no platform.</summary>
    public static ImagePlatform? TryParse(string? text) => text is not null && Form().Match(text) is { Success: true } match
        ? new ImagePlatform(match.Groups["os"].Value, match.Groups["cpu"].Value, match.Groups["variant"] is { Success: true, Value: var variant } ? variant : null)
        : null;

    /// <summary>The entry of an index for this platform: the first one that fits, as the specification asks.</summary>
    /// <exception cref="UserException">None fits; the message lists what there is.</exception>
    public Descriptor Choose(ImageIndex index, ImageReference reference) =>
        index.Manifests.FirstOrDefault(entry => entry.Platform is { } platform && Fits(platform))
        ?? throw new UserException($"{reference} has no image for {this}; it has {Offered(index)}. Name one of them with --image-platform, or choose another image.");

    /// <summary>True when an image made for <paramref name="platform"/> is what is asked for.</summary>
    public bool Fits(Platform platform) =>
        platform.Os == Os && platform.Architecture == Architecture && (Variant is null || platform.Variant is null || platform.Variant == Variant);

    public override string ToString() => Variant is null ? $"{Os}/{Architecture}" : $"{Os}/{Architecture}/{Variant}";

    // Attestations stand in an index as unknown/unknown; nobody can choose them.
    private static string Offered(ImageIndex index)
    {
        var names = index.Manifests.Select(entry => entry.Platform).OfType<Platform>().Where(platform => platform.Os != "unknown")
            .Select(platform => new ImagePlatform(platform.Os, platform.Architecture, platform.Variant).ToString()).Distinct(StringComparer.Ordinal).ToList();
        return names.Count > 0 ? string.Join(", ", names) : "none with a platform";
    }

    [GeneratedRegex(@"^(?<os>[a-z0-9]+)/(?<cpu>[a-z0-9_]+)(/(?<variant>[a-z0-9.]+))?\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
