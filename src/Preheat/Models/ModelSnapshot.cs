namespace Preheat.Models;

/// <summary>One file of a model at one revision.</summary>
/// <param name="Path">Relative path with forward slashes, without <c>..</c>.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Lower-case hex SHA-256 of the content where the source states it (LFS oid); null otherwise.</param>
/// <param name="Identity">What changes when the content changes, when <paramref name="Sha256"/> is null: git blob id, or size, mtime, ctime and inode of a local file.</param>
public sealed record ModelFile(string Path, long Size, string? Sha256, string Identity);

/// <summary>A model pinned to one revision: everything later reads the weights through this record.</summary>
public sealed record ModelSnapshot
{
    /// <summary>The reference as asked for: <c>hf://org/name@rev</c>.</summary>
    public required string Reference { get; init; }

    /// <summary>The name the model is served under: <c>org/name</c>, or the folder's name.</summary>
    public required string Name { get; init; }

    /// <summary>The commit the reference was pinned to; for a directory a hash over its files' identities.</summary>
    public required string Revision { get; init; }

    /// <summary>Sorted by path, ordinal.</summary>
    public required IReadOnlyList<ModelFile> Files { get; init; }

    /// <summary>Number of parameters, from the safetensors headers.</summary>
    public required long Parameters { get; init; }

    /// <summary>Data type of most parameters as safetensors names it: <c>BF16</c>.</summary>
    public required string DType { get; init; }

    /// <summary><c>architectures[0]</c> of config.json.</summary>
    public required string Architecture { get; init; }

    /// <summary>Bytes of all tensors.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>What decides how much GPU memory the model needs; null where config.json does not tell.</summary>
    public ModelDimensions? Dimensions { get; init; }

    /// <summary>Licence id as the hub states it; null when unknown.</summary>
    public string? License { get; init; }
}
