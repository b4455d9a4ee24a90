using System.Security.Cryptography;

namespace Preheat.Images;

/// <summary>Compares what was read or sent with the <c>Docker-Content-Digest</c> of an answer.</summary>
/// <remarks>
/// https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests: the header may be absent, and it may be of another algorithm than the digest
/// that was asked for; then it tells nothing about that one.
/// </remarks>
internal static class StatedDigest
{
    /// <summary>False when the bytes have another digest in the header's own algorithm; one that is not known tells nothing.</summary>
    public static bool Agrees(string? stated, ReadOnlySpan<byte> bytes) => stated?.Split(':') switch
    {
        ["sha256", _] => stated == Digest.Of(bytes).ToString(),
        ["sha512", var hex] => hex == Convert.ToHexStringLower(SHA512.HashData(bytes)),
        _ => true,
    };

    /// <summary>The header when it is a SHA-256 and another than <paramref name="digest"/>; else null.</summary>
    public static string? Other(HttpResponseMessage response, Digest digest) =>
        response.Headers.TryGetValues("Docker-Content-Digest", out var values) && values.FirstOrDefault() is { } stated
        && stated.StartsWith("sha256:", StringComparison.Ordinal) && stated != digest.ToString()
            ? stated
            : null;
}
