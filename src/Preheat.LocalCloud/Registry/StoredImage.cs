namespace Preheat.LocalCloud.Registry;

/// <summary>What a node reads from an image's config.</summary>
public sealed record ImageConfig(
    IReadOnlyList<string> Entrypoint,
    IReadOnlyList<string> Cmd,
    IReadOnlyList<string> Env,
    string WorkingDirectory,
    string User);

/// <summary>A layer in the blob store. <paramref name="Path"/> is the blob's file; <paramref name="MediaType"/> tells its compression.</summary>
public sealed record StoredLayer(string Digest, long Size, string MediaType, string Path);

/// <summary>An image as the registry holds it.</summary>
public sealed record StoredImage(string Reference, string Digest, ImageConfig Config, IReadOnlyList<StoredLayer> Layers);

/// <summary>Finds images by logical reference: <c>local-docker.pkg.dev/p/r/i@sha256:…</c>, <c>vllm/vllm-openai:v0.11.1</c>.</summary>
public interface IImageStore
{
    /// <summary>Null when there is no such image; the caller reports it as a node does (<c>ErrImagePull</c>).</summary>
    StoredImage? Find(string reference);
}
