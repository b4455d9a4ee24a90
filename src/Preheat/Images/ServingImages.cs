using Preheat.Runs;

namespace Preheat.Images;

/// <summary>Questions about serving images that a registry answers cheaply.</summary>
public static class ServingImages
{
    /// <summary>True when the directory still holds the image in OCI layout.</summary>
    public static async Task<bool> ExistsInLayoutAsync(ServingImage image, string directory, TimeProvider time, CancellationToken cancellation) =>
        await new OciLayout(directory, time).FindManifestAsync(image.Digest, cancellation) is not null;

    /// <summary>Brings an image from its layout to the registry that its reference names, digest and all.</summary>
    public static string CarryCommand(ServingImage image, string layoutDirectory) =>
        $"skopeo copy --preserve-digests oci:{layoutDirectory}:latest docker://{image.Reference.Split('@')[0]}:latest";

    /// <summary>Refuses an image that only its directory holds.</summary>
    /// <param name="target">The target that wants to use it.</param>
    /// <exception cref="UserException">The image is in OCI layout; the message says how to bring it to a registry.</exception>
    public static void RequireInRegistry(ServingImage image, string target, string layoutDirectory)
    {
        if (image.InLayout)
            throw new UserException(
                $"{target} needs the image in a registry, from which nodes pull; the last BakeImage wrote it to {layoutDirectory} only. "
                + $"Bring it there with '{CarryCommand(image, layoutDirectory)}', then run without --image-output: nothing is sent twice.");
    }

    /// <summary>True when the registry still has the image's manifest (HEAD).</summary>
    /// <exception cref="UserException">401 or 403.</exception>
    public static async Task<bool> ExistsAsync(ServingImage image, CloudEndpoints endpoints, TimeProvider time, CancellationToken cancellation)
    {
        var reference = ImageReference.Parse(image.Reference);
        using var registry = new RegistryClient(reference.Host, endpoints, time);
        return await registry.HasManifestAsync(reference.Repository, image.Digest, cancellation);
    }

    /// <summary>True when the image is there and the name of its base image still points at what it was made from.</summary>
    /// <param name="baseImage">The base image as asked for. A digest cannot move and is not asked about.</param>
    /// <remarks>A registry of base images that does not answer makes nothing stale: that is a <see cref="Warning"/>.</remarks>
    /// <exception cref="UserException">401, 403 or 404.</exception>
    public static async Task<bool> IsCurrentAsync(
        ServingImage image, string baseImage, CloudEndpoints endpoints, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        if (!await ExistsAsync(image, endpoints, time, cancellation))
            return false;
        var reference = ImageReference.Parse(baseImage);
        if (reference.Digest is not null || image.BaseNamed is null)
            return image.BaseNamed is not null;
        try
        {
            using var registry = new RegistryClient(reference.Host, endpoints, time, events: events);
            var now = await registry.GetManifestAsync(reference.Repository, reference.ManifestName, cancellation);
            return now.Digest.ToString() == image.BaseNamed;
        }
        catch (PreheatException exception) when (exception is not UserException)
        {
            events.Emit(new Warning($"Whether {reference} has moved is not known; the image made from it is kept. {exception.Message}"));
            return true;
        }
    }
}
