namespace Preheat.Images;

/// <summary>User and password of a registry host.</summary>
/// <param name="User">Empty for an identity token, which is exchanged for an access token.</param>
public sealed record RegistryCredential(string User, Secret Password);

/// <summary>Finds the credential of a registry host; null means anonymous.</summary>
public interface IRegistryCredentials
{
    /// <exception cref="UserException">A file or a credential helper that cannot be read or run.</exception>
    Task<RegistryCredential?> FindAsync(string host, CancellationToken cancellation);
}

/// <summary>The first of several that knows the host.</summary>
public sealed class RegistryCredentials(params IReadOnlyList<IRegistryCredentials> sources) : IRegistryCredentials
{
    /// <summary>What the user's machine has: docker's and podman's files with their helpers, then for Google's registries the machine's Google identity.</summary>
    /// <param name="address">Where the registry is reached: a Google token is never sent over plain http.</param>
    public static IRegistryCredentials Default(Uri address, TimeProvider time)
    {
        var files = DockerConfigCredentials.Default(time);
        return address.Scheme == "https" ? new RegistryCredentials(files, new GoogleRegistryCredentials(time)) : files;
    }

    public async Task<RegistryCredential?> FindAsync(string host, CancellationToken cancellation)
    {
        foreach (var source in sources)
        {
            if (await source.FindAsync(host, cancellation) is { } credential)
                return credential;
        }
        return null;
    }
}
