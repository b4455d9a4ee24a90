using System.Text;
using System.Text.Json;

namespace Preheat.Images;

/// <summary>The <c>credHelpers</c>, <c>credsStore</c> and <c>auths</c> of Docker's config.json, and of podman's auth.json, which has the same form.</summary>
/// <remarks>
/// Docker CLI reference, "Configuration files" and "Credential stores"; containers-auth.json(5). A helper named for the host goes before the store, the store before
/// what is written in the file. Read anew at each question: a log-in in another window counts at once.
/// </remarks>
public sealed class DockerConfigCredentials(TimeProvider time, params IReadOnlyList<string> paths) : IRegistryCredentials
{
    private const int Longest = 1 << 20;

    /// <summary>The user's own files: <c>REGISTRY_AUTH_FILE</c>, <c>DOCKER_CONFIG</c> or <c>~/.docker</c>, <c>XDG_RUNTIME_DIR/containers/auth.json</c>.</summary>
    public static DockerConfigCredentials Default(TimeProvider time) => new(time, [.. Paths(
        Environment.GetEnvironmentVariable, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile))]);

    /// <summary>The files in the order in which they are asked.</summary>
    internal static IEnumerable<string> Paths(Func<string, string?> environment, string home)
    {
        if (environment("REGISTRY_AUTH_FILE") is { Length: > 0 } named)
            yield return named;
        yield return Path.Combine(environment("DOCKER_CONFIG") is { Length: > 0 } folder ? folder : Path.Combine(home, ".docker"), "config.json");
        if (environment("XDG_RUNTIME_DIR") is { Length: > 0 } run)
            yield return Path.Combine(run, "containers", "auth.json");
    }

    public async Task<RegistryCredential?> FindAsync(string host, CancellationToken cancellation)
    {
        foreach (var path in paths)
        {
            if (await FindAsync(path, host, cancellation) is { } credential)
                return credential;
        }
        return null;
    }

    private async Task<RegistryCredential?> FindAsync(string path, string host, CancellationToken cancellation)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            return null;
        if (file.Length > Longest)
            throw new UserException($"{path} has {file.Length:N0} bytes; a configuration of docker has at most {Longest:N0}. Check the file.");
        string? helper;
        RegistryCredential? written;
        try
        {
            using var document = JsonDocument.Parse(await File.ReadAllBytesAsync(path, cancellation));
            helper = Helper(document.RootElement, host);
            written = Written(document.RootElement, host);
        }
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new UserException($"The credentials in {path} cannot be read ({exception.GetType().Name}). Repair the file or log in again with `docker login {host}`.");
        }
        return helper is null ? written : await CredentialHelper.GetAsync(helper, Key(host), path, time, cancellation) ?? written;
    }

    private static string? Helper(JsonElement root, string host)
    {
        var named = root.TryGetProperty("credHelpers", out var helpers)
            ? Keys(host).Select(key => helpers.TryGetProperty(key, out var value) ? value.GetString() : null).FirstOrDefault(value => !string.IsNullOrEmpty(value))
            : null;
        return named ?? (root.TryGetProperty("credsStore", out var store) && store.GetString() is { Length: > 0 } name ? name : null);
    }

    private static RegistryCredential? Written(JsonElement root, string host)
    {
        if (!root.TryGetProperty("auths", out var auths) || auths.ValueKind != JsonValueKind.Object)
            return null;
        foreach (var key in Keys(host))
        {
            if (!auths.TryGetProperty(key, out var entry))
                continue;
            if (entry.TryGetProperty("identitytoken", out var identity) && identity.GetString() is { Length: > 0 } token)
                return new RegistryCredential("", new Secret(token));
            if (entry.TryGetProperty("auth", out var auth) && auth.GetString() is { Length: > 0 } encoded)
                return Decode(encoded);
        }
        return null;
    }

    // Docker's own registry is written with the address of its first version.
    private static string Key(string host) => host == ImageReference.DefaultHost ? "https://index.docker.io/v1/" : host;

    private static string[] Keys(string host) => host == ImageReference.DefaultHost
        ? [Key(host), host, "index.docker.io"]
        : [host, $"https://{host}", $"https://{host}/", $"https://{host}/v2/", $"https://{host}/v1/", $"http://{host}"];

    private static RegistryCredential? Decode(string encoded)
    {
        var text = Encoding.UTF8.GetString(Convert.FromBase64String(encoded));
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        // Some programs fill the password up with zeros.
        var password = colon < 0 ? "" : text[(colon + 1)..].TrimEnd('\0');
        return colon <= 0 || password.Length == 0 ? null : new RegistryCredential(text[..colon], new Secret(password));
    }
}
