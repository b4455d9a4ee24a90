namespace Preheat.Images;

/// <summary>Questions about serving images that a registry answers cheaply.</summary>
public static class ServingImages
{
    /// <summary>True when the registry still has the image's manifest (HEAD).</summary>
    /// <exception cref="UserException">401 or 403.</exception>
    public static async Task<bool> ExistsAsync(ServingImage image, CloudEndpoints endpoints, TimeProvider time, CancellationToken cancellation)
    {
        var reference = ImageReference.Parse(image.Reference);
        using var registry = new RegistryClient(reference.Host, endpoints, time);
        return await registry.HasManifestAsync(reference.Repository, image.Digest, cancellation);
    }
}
