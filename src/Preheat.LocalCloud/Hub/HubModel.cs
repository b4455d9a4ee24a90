namespace Preheat.LocalCloud.Hub;

/// <summary>A file of a model repository.</summary>
/// <param name="Path">Path inside the repository, with <c>/</c>.</param>
/// <param name="Size">Bytes.</param>
/// <param name="GitOid">SHA-1 of the git blob: of the content, or of the pointer text of a large file.</param>
/// <param name="Sha256">Content hash of a large file (LFS); null for a file that git holds itself.</param>
/// <param name="PointerSize">Bytes of the LFS pointer text; 0 for a file that git holds itself.</param>
/// <param name="Source">Where the bytes are on this machine.</param>
internal sealed record HubFile(string Path, long Size, string GitOid, string? Sha256, int PointerSize, string Source)
{
    /// <summary>Made up, but as the real one is: 64 hex digits that follow from the content and are not its SHA-256. Null for a file that git holds itself.</summary>
    public string? XetHash => Sha256 is null ? null : Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes("xet:" + Sha256)));

    /// <summary>The validator that the hub gives: SHA-256 of a large file, git's hash of another.</summary>
    public string ETag => $"\"{Sha256 ?? GitOid}\"";
}

/// <summary>One commit of a model repository; files are sorted by path.</summary>
internal sealed record HubRevision(string Commit, IReadOnlyList<HubFile> Files)
{
    /// <summary>The folder on this machine that holds its files.</summary>
    public string Directory => Files[0].Source[..^(Files[0].Path.Length + 1)];
}

/// <summary>A model repository: its commits, the last of which <c>main</c> names.</summary>
internal sealed record HubModel(string Id, IReadOnlyList<HubRevision> Revisions)
{
    public string License { get; init; } = "apache-2.0";

    /// <summary>Token that opens a gated repository; null means public.</summary>
    public string? RequiredToken { get; init; }

    public HubRevision? Find(string revision) =>
        revision is "main" or "HEAD" ? Revisions[^1] : Revisions.LastOrDefault(item => item.Commit == revision);
}
