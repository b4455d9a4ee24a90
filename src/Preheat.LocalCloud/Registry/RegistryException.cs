namespace Preheat.LocalCloud.Registry;

/// <summary>An answer of the distribution specification's error form (<see href="https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#error-codes"/>).</summary>
internal sealed class RegistryException(int status, string code, string message, string? detail = null) : Exception(message)
{
    /// <summary>HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>Code of the specification's table.</summary>
    public string Code { get; } = code;

    /// <summary>What it is about: a digest, a name.</summary>
    public string? Detail { get; } = detail;

    public static RegistryException BlobUnknown(string digest) => new(404, "BLOB_UNKNOWN", "blob unknown to registry", digest);

    public static RegistryException DigestInvalid(string message, string? detail) => new(400, "DIGEST_INVALID", message, detail);

    public static RegistryException ManifestInvalid(string message) => new(400, "MANIFEST_INVALID", message);

    public static RegistryException ManifestUnknown(string message, string reference) => new(404, "MANIFEST_UNKNOWN", message, reference);

    public static RegistryException Unsupported(int status, string message) => new(status, "UNSUPPORTED", message);

    public static RegistryException UploadUnknown(string id) => new(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", id);
}
