namespace Preheat.Images;

/// <summary>The container image that serves: always pinned to a digest. Everything later reads only this record.</summary>
public sealed record ServingImage
{
    /// <summary>Logical reference by digest: <c>local-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE@sha256:…</c>.</summary>
    public required string Reference { get; init; }

    /// <summary>Digest of the manifest: <c>sha256:</c> and 64 hex digits.</summary>
    public required string Digest { get; init; }

    /// <summary>Bytes of config and layers as stored in the registry.</summary>
    public required long Size { get; init; }

    /// <summary>Number of layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Region of the repository; <c>local</c> for the embedded cloud.</summary>
    public required string Region { get; init; }

    /// <summary>Where the weights are inside the image: <c>/models/tiny-gemma-2</c>; null when they are not baked in.</summary>
    public string? ModelPath { get; init; }

    /// <summary>The base image, pinned to a digest.</summary>
    public required string BaseImage { get; init; }

    /// <summary>Digest of what the base image's name pointed at when it was pinned (an index, or the manifest itself): another one means that its tag has moved.</summary>
    public string? BaseNamed { get; init; }

    /// <summary>True when the image is in the deployment's folder in OCI layout and still has to be brought to <see cref="Reference"/>.</summary>
    public bool InLayout { get; init; }
}
