using System.Text;
using System.Text.Json;

namespace Preheat.Images;

/// <summary>User and password of a registry host.</summary>
public sealed record RegistryCredential(string User, Secret Password);

/// <summary>Finds the credential of a registry host; null means anonymous.</summary>
public interface IRegistryCredentials
{
    RegistryCredential? Find(string host);
}

/// <summary>The <c>auths</c> of Docker's config.json (<c>DOCKER_CONFIG</c> or <c>~/.docker</c>).</summary>
public sealed class DockerConfigCredentials(string path) : IRegistryCredentials
{
    private const int Longest = 1 << 20;

    /// <summary>The user's own file.</summary>
    public static DockerConfigCredentials Default()
    {
        var folder = Environment.GetEnvironmentVariable("DOCKER_CONFIG");
        if (string.IsNullOrEmpty(folder))
            folder = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".docker");
        return new DockerConfigCredentials(Path.Combine(folder, "config.json"));
    }

    public RegistryCredential? Find(string host)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length > Longest)
            return null;
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            if (!document.RootElement.TryGetProperty("auths", out var auths) || auths.ValueKind != JsonValueKind.Object)
                return null;
            // Docker's own registry is written with the address of its first version.
            var keys = host == ImageReference.DefaultHost ? new[] { "https://index.docker.io/v1/", host } : [host, $"https://{host}", $"https://{host}/v2/"];
            foreach (var key in keys)
            {
                if (auths.TryGetProperty(key, out var entry) && entry.TryGetProperty("auth", out var auth) && auth.GetString() is { Length: > 0 } encoded)
                    return Decode(encoded);
            }
            return null;
        }
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new UserException($"The credentials in {path} cannot be read ({exception.GetType().Name}). Repair the file or log in again with `docker login`.");
        }
    }

    private static RegistryCredential? Decode(string encoded)
    {
        var text = Encoding.UTF8.GetString(Convert.FromBase64String(encoded));
        var colon = text.IndexOf(':');
        return colon <= 0 || colon == text.Length - 1 ? null : new RegistryCredential(text[..colon], new Secret(text[(colon + 1)..]));
    }
}
