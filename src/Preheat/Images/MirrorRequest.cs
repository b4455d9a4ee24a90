namespace Preheat.Images;

/// <summary>Which image to bring where: the server's image when its weights are not baked in.</summary>
public sealed record MirrorRequest
{
    /// <summary>The image as asked for: <c>vllm/vllm-openai:v0.11.1</c>.</summary>
    public required string BaseImage { get; init; }

    /// <summary>Which image of an index of several platforms is mirrored. The default value is linux/amd64.</summary>
    public ImagePlatform Platform { get; init; } = ImagePlatform.Default;

    /// <summary>Logical name of the copy: <c>HOST/PROJECT/REPOSITORY/IMAGE</c>, without tag.</summary>
    public required string Repository { get; init; }

    /// <summary>Tag to put it under.</summary>
    public required string Tag { get; init; }

    /// <summary>Region of the repository; <c>local</c> for the embedded cloud.</summary>
    public required string Region { get; init; }
}
