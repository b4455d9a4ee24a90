namespace Preheat.Images;

/// <summary>Media types of OCI (image specification, <c>media-types.md</c>) and of Docker's schema 2 (distribution, <c>manifest-v2-2.md</c>).</summary>
public static class MediaTypes
{
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";
    public const string OciConfig = "application/vnd.oci.image.config.v1+json";
    public const string OciLayer = "application/vnd.oci.image.layer.v1.tar";
    public const string OciLayerGzip = OciLayer + "+gzip";
    public const string OciLayerZstd = OciLayer + "+zstd";
    public const string OciEmpty = "application/vnd.oci.empty.v1+json";
    public const string CycloneDx = "application/vnd.cyclonedx+json";
    public const string InToto = "application/vnd.in-toto+json";
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
    public const string DockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json";
    public const string DockerConfig = "application/vnd.docker.container.image.v1+json";
    public const string DockerLayer = "application/vnd.docker.image.rootfs.diff.tar";
    public const string DockerLayerGzip = DockerLayer + ".gzip";

    /// <summary>The manifests that this client reads.</summary>
    public static readonly IReadOnlyList<string> Manifests = [OciManifest, OciIndex, DockerManifest, DockerIndex];

    public static bool IsIndex(string mediaType) => mediaType is OciIndex or DockerIndex;

    /// <summary>The OCI name of a layer's type: the blobs of both families are the same bytes.</summary>
    /// <exception cref="PreheatException">A type that may not be copied (a foreign layer) or is unknown.</exception>
    public static string OciLayerType(string mediaType) => mediaType switch
    {
        OciLayer or OciLayerGzip or OciLayerZstd => mediaType,
        DockerLayer => OciLayer,
        DockerLayerGzip => OciLayerGzip,
        _ => throw new UserException($"The base image has a layer of type {mediaType}, which cannot be copied into another image. Choose a base image of tar layers (plain, gzip or zstd)."),
    };
}
