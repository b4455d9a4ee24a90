using Google.Apis.Auth.OAuth2;
using Google.Apis.Auth.OAuth2.Responses;

namespace Preheat.Images;

/// <summary>Google's identity of this machine for <c>*.pkg.dev</c> and <c>gcr.io</c>, where docker's files name none.</summary>
/// <remarks>
/// Artifact Registry, "Configure authentication to Artifact Registry for Docker": the user name <c>oauth2accesstoken</c> with an OAuth access token. The token comes from
/// the environment, from Application Default Credentials (a key file, workload identity federation, <c>gcloud auth application-default login</c>, the metadata server),
/// or from gcloud's own credential helper.
/// </remarks>
public sealed class GoogleRegistryCredentials(TimeProvider time, Func<string, string?>? environment = null) : IRegistryCredentials
{
    private const string CloudPlatform = "https://www.googleapis.com/auth/cloud-platform";

    private readonly Func<string, string?> _environment = environment ?? Environment.GetEnvironmentVariable;

    /// <summary>True for the hosts of Artifact Registry and its predecessor.</summary>
    public static bool Serves(string host) =>
        host.EndsWith("-docker.pkg.dev", StringComparison.Ordinal) || host == "gcr.io" || host.EndsWith(".gcr.io", StringComparison.Ordinal);

    public async Task<RegistryCredential?> FindAsync(string host, CancellationToken cancellation)
    {
        if (!Serves(host))
            return null;
        var token = Given("GOOGLE_OAUTH_ACCESS_TOKEN") ?? Given("CLOUDSDK_AUTH_ACCESS_TOKEN") ?? await ApplicationDefaultAsync(host, cancellation);
        if (token is not null)
            return new RegistryCredential("oauth2accesstoken", new Secret(token));
        return Programs.Find("docker-credential-gcloud", _environment("PATH")) is null
            ? null
            : await CredentialHelper.GetAsync("gcloud", host, "Preheat's list of Google's registries", time, cancellation);
    }

    private string? Given(string name) => _environment(name) is { Length: > 0 } value ? value : null;

    private static async Task<string?> ApplicationDefaultAsync(string host, CancellationToken cancellation)
    {
        GoogleCredential credential;
        try
        {
            credential = await GoogleCredential.GetApplicationDefaultAsync(cancellation);
        }
        catch (InvalidOperationException)
        {
            return null; // there are none
        }
        try
        {
            if (credential.IsCreateScopedRequired)
                credential = credential.CreateScoped(CloudPlatform);
            return await credential.UnderlyingCredential.GetAccessTokenForRequestAsync(cancellationToken: cancellation);
        }
        catch (Exception exception) when (exception is TokenResponseException or HttpRequestException)
        {
            throw new UserException($"Google's Application Default Credentials give no token for {host}: {exception.Message} Log in again with `gcloud auth application-default login`.", exception);
        }
    }
}
