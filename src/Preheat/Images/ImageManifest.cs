using System.Text.Json;
using System.Text.Json.Serialization;

namespace Preheat.Images;

/// <summary>Points at a blob (OCI image specification, <c>descriptor.md</c>).</summary>
public sealed record Descriptor
{
    public required string MediaType { get; init; }

    public required Digest Digest { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Sorted by key, so that the same image has the same digest.</summary>
    public SortedDictionary<string, string>? Annotations { get; init; }

    /// <summary>Only of a referrer inside an index.</summary>
    public string? ArtifactType { get; init; }

    /// <summary>Only inside an index.</summary>
    public Platform? Platform { get; init; }
}

/// <summary>Operating system and processor of an image.</summary>
public sealed record Platform
{
    public required string Architecture { get; init; }

    public required string Os { get; init; }

    public string? Variant { get; init; }
}

/// <summary>An image manifest (OCI image specification, <c>manifest.md</c>; Docker's schema 2 has the same shape).</summary>
public sealed record ImageManifest
{
    public int SchemaVersion { get; init; } = 2;

    public string? MediaType { get; init; }

    /// <summary>What the content is when it is no image.</summary>
    public string? ArtifactType { get; init; }

    public required Descriptor Config { get; init; }

    public required IReadOnlyList<Descriptor> Layers { get; init; }

    /// <summary>The manifest that this one says something about.</summary>
    public Descriptor? Subject { get; init; }

    public SortedDictionary<string, string>? Annotations { get; init; }
}

/// <summary>A list of manifests by platform (OCI image specification, <c>image-index.md</c>; Docker's manifest list has the same shape).</summary>
public sealed record ImageIndex
{
    public int SchemaVersion { get; init; } = 2;

    public string? MediaType { get; init; }

    public required IReadOnlyList<Descriptor> Manifests { get; init; }
}

/// <summary>How manifests are read and written.</summary>
public static class ManifestJson
{
    internal static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        MaxDepth = 32,
        NewLine = "\n",
    };

    /// <exception cref="PreheatException">The bytes are not what they should be; <paramref name="what"/> names them.</exception>
    public static T Read<T>(ReadOnlySpan<byte> json, string what)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, Options) ?? throw new PreheatException($"{what} is empty.");
        }
        catch (JsonException exception)
        {
            throw new PreheatException($"{what} is not readable ({exception.Message}). Check that the reference names a container image.", exception);
        }
    }

    /// <summary>What a manifest calls itself; null when it does not say, or is not readable.</summary>
    public static string? MediaTypeOf(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = Options.MaxDepth });
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("mediaType", out var type) ? type.ToString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static byte[] Write<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Options);
}
