namespace Preheat.Manifests;

/// <summary>Checked manifests on disk, ready to apply. Never holds a secret.</summary>
public sealed record ManifestSet
{
    /// <summary>File names inside the deployment's <c>manifests</c> folder, in the order they are applied.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>SHA-256 over names and contents of the files, <c>sha256:…</c>.</summary>
    public required string Digest { get; init; }
}
