using System.Security.Cryptography;
using System.Text;

namespace Preheat.Models;

/// <summary>Hashes a file while it passes and compares with what its source states: SHA-256, or for a file in git alone its blob id.</summary>
internal sealed class ContentHash : IDisposable
{
    private const string GitPrefix = "git:";

    private readonly ModelFile _file;
    private readonly IncrementalHash _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly IncrementalHash? _gitBlob;

    public ContentHash(ModelFile file)
    {
        _file = file;
        if (file.Sha256 is not null || !file.Identity.StartsWith(GitPrefix, StringComparison.Ordinal))
            return;
        // Git names a blob by SHA-1 over "blob SIZE\0" and the content (git, hash-object). It is compared, not trusted to be safe.
        _gitBlob = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        _gitBlob.AppendData(Encoding.ASCII.GetBytes($"blob {file.Size}\0"));
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        _sha256.AppendData(bytes);
        _gitBlob?.AppendData(bytes);
    }

    /// <summary>The SHA-256 in lower-case hex.</summary>
    /// <exception cref="PreheatException">The content is not what the source states.</exception>
    public string Finish(string source)
    {
        var sha256 = Convert.ToHexStringLower(_sha256.GetHashAndReset());
        if (_file.Sha256 is { } stated && stated != sha256)
            throw Differs(source, $"SHA-256 {sha256}", stated);
        if (_gitBlob is not null && Convert.ToHexStringLower(_gitBlob.GetHashAndReset()) is var id && id != _file.Identity[GitPrefix.Length..])
            throw Differs(source, $"git blob id {id}", _file.Identity[GitPrefix.Length..]);
        return sha256;
    }

    public void Dispose()
    {
        _sha256.Dispose();
        _gitBlob?.Dispose();
    }

    private PreheatException Differs(string source, string actual, string stated) =>
        new($"{_file.Path} of {source} has the {actual}, but its source states {stated}: it was damaged on the way or has changed. Run ResolveModel, then this step again.");
}
