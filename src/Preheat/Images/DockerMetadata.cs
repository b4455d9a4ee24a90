using System.Text.Json;

namespace Preheat.Images;

/// <summary>What <c>docker buildx build --metadata-file</c> writes.</summary>
internal static class DockerMetadata
{
    private const int Longest = 1 << 20;

    /// <summary>The digest of what was pushed (<c>containerimage.digest</c>).</summary>
    /// <exception cref="PreheatException">The file is missing or has no digest.</exception>
    public static Digest ReadDigest(string path)
    {
        var file = new FileInfo(path);
        if (file.Exists && file.Length <= Longest)
        {
            try
            {
                using var document = JsonDocument.Parse(File.ReadAllBytes(path));
                if (document.RootElement.TryGetProperty("containerimage.digest", out var value) && Digest.TryParse(value.GetString(), out var digest))
                    return digest;
            }
            catch (Exception exception) when (exception is JsonException or InvalidOperationException)
            {
                // Said below.
            }
        }
        throw new PreheatException("docker built the image but did not say its digest (no containerimage.digest in its metadata). Update docker buildx to 0.10 or later.");
    }
}
