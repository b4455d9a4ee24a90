using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Preheat.LocalCloud.Registry;

/// <summary>A content address, <c>sha256:</c> and 64 lower-case hex digits (OCI image specification, "Digests").</summary>
internal readonly record struct Digest
{
    private const string Algorithm = "sha256:";

    private Digest(string hex) => Hex = hex;

    /// <summary>The 64 hex digits.</summary>
    public string Hex { get; }

    public static Digest Of(ReadOnlySpan<byte> content) => new(Convert.ToHexStringLower(SHA256.HashData(content)));

    /// <summary>Takes the hash's state as it is and resets it.</summary>
    public static Digest Of(IncrementalHash hash) => new(Convert.ToHexStringLower(hash.GetHashAndReset()));

    public static bool TryParse([NotNullWhen(true)] string? text, out Digest digest)
    {
        digest = default;
        if (text is null || text.Length != Algorithm.Length + 64 || !text.StartsWith(Algorithm, StringComparison.Ordinal)
            || text.AsSpan(Algorithm.Length).ContainsAnyExcept("0123456789abcdef"))
        {
            return false;
        }

        digest = new Digest(text[Algorithm.Length..]);
        return true;
    }

    public override string ToString() => Algorithm + Hex;
}
