using Preheat.Models;

namespace Preheat.Images;

/// <summary>What to bake, onto what, and where to.</summary>
public sealed record BakeRequest
{
    public required ModelSnapshot Model { get; init; }

    /// <summary>Where the snapshot's files come from: <see cref="ModelSources.Open(ModelSnapshot, CloudEndpoints, Secret?, TimeProvider)"/>.</summary>
    public required IModelSource Source { get; init; }

    /// <summary>Becomes the build argument <c>BASE_IMAGE</c>: <c>vllm/vllm-openai:v0.11.1</c>.</summary>
    public required string BaseImage { get; init; }

    /// <summary>Which image of an index of several platforms is the base. The default value is linux/amd64.</summary>
    public ImagePlatform Platform { get; init; } = ImagePlatform.Default;

    /// <summary>Path of the recipe: <c>Dockerfile.vllm</c>.</summary>
    public required string DockerfilePath { get; init; }

    /// <summary>Further build arguments. <c>MODEL_ID</c>, <c>MODEL_NAME</c>, <c>MODEL_REVISION</c>, <c>MODEL_LICENSE</c>, <c>MODEL_DTYPE</c> and <c>MODEL_PARAMETERS</c> come from the snapshot.</summary>
    public IReadOnlyDictionary<string, string> BuildArguments { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Logical name of the image: <c>HOST/PROJECT/REPOSITORY/IMAGE</c>, without tag.</summary>
    public required string Repository { get; init; }

    /// <summary>Tag to put it under; the layers of the image that is there now are used again where their files are the same.</summary>
    public required string Tag { get; init; }

    /// <summary>Region of the repository; <c>local</c> for the embedded cloud.</summary>
    public required string Region { get; init; }

    /// <summary>How model layers are compressed. The default value is none.</summary>
    public LayerCompression Compression { get; init; }

    /// <summary>A directory to write the image to in OCI layout, instead of the registry, which then need not be reachable. Null writes to the registry.</summary>
    public string? LayoutDirectory { get; init; }

    /// <summary>
    /// Journal of the layers sent from this machine (<c>artifacts/DEPLOYMENT/BakeImage.partial.jsonl</c>): an interrupted bake goes on where it was, and an unchanged
    /// local file is known by its identity without being read. Null keeps none: local files are then hashed to find out.
    /// </summary>
    public string? JournalPath { get; init; }
}
