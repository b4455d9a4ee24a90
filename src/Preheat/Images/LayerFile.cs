using System.Text.Json.Serialization;
using Preheat.Models;

namespace Preheat.Images;

/// <summary>A model's file at its place in the image.</summary>
/// <param name="Path">Path in the image without a leading slash: <c>models/tiny-gemma-2/config.json</c>.</param>
/// <param name="Placement">Where the model lies and whose it is.</param>
public sealed record LayerFile(string Path, ModelFile Source, ModelPlacement Placement)
{
    internal TarAttributes Attributes => Placement.Attributes(Path);
}

/// <summary>A file inside a layer that exists: what a later bake compares with.</summary>
/// <param name="Path">Path in the image without a leading slash.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Lower-case hex of the content.</param>
/// <param name="Identity">Git blob id, or in a journal the local file's identity; null when only the hash is known.</param>
public sealed record KnownFile(string Path, long Size, string Sha256, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Identity)
{
    /// <summary>Owner and mode as <see cref="TarAttributes.Text"/> writes them; null for root's with the usual modes.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Attributes { get; init; }

    /// <summary>True when the planned file's content is certainly this one's.</summary>
    public bool Is(LayerFile planned) =>
        Path == planned.Path && Size == planned.Source.Size && Attributes == planned.Attributes.Text
        && (planned.Source.Sha256 is { } sha256 ? sha256 == Sha256 : Identity is not null && Identity == planned.Source.Identity);

    /// <summary>True when hashing the planned file can tell whether it is this one.</summary>
    public bool MayBe(LayerFile planned) =>
        Path == planned.Path && Size == planned.Source.Size && Attributes == planned.Attributes.Text && (planned.Source.Sha256 is null || planned.Source.Sha256 == Sha256);
}

/// <summary>A layer of model files that a registry holds.</summary>
/// <param name="Size">Bytes as stored.</param>
public sealed record KnownLayer(Digest Digest, long Size, IReadOnlyList<KnownFile> Files)
{
    public LayerCompression Compression { get; init; }

    /// <summary>Digest of the tar when it is stored compressed; null otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Digest? Uncompressed { get; init; }

    /// <summary>Digest of the tar itself, which the image's config lists.</summary>
    [JsonIgnore]
    public Digest DiffId => Uncompressed ?? Digest;

    /// <summary>True when every planned file is certainly in it, and nothing else is.</summary>
    public bool Holds(IReadOnlyList<LayerFile> planned) => Matches(planned, (known, file) => known.Is(file));

    /// <summary>True when hashing the planned files can tell.</summary>
    public bool MayHold(IReadOnlyList<LayerFile> planned) => Matches(planned, (known, file) => known.MayBe(file));

    private bool Matches(IReadOnlyList<LayerFile> planned, Func<KnownFile, LayerFile, bool> same) =>
        Files.Count == planned.Count && Files.Zip(planned).All(pair => same(pair.First, pair.Second));
}
