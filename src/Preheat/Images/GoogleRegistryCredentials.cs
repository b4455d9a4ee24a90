using Google.Apis.Http;
using Preheat.GoogleCloud;

namespace Preheat.Images;

/// <summary>Google's identity of this machine for <c>*.pkg.dev</c> and <c>gcr.io</c>, where docker's files name none.</summary>
/// <remarks>
/// Artifact Registry, "Configure authentication to Artifact Registry for Docker": the user name <c>oauth2accesstoken</c> with an OAuth access token. The token comes from
/// the environment, from Application Default Credentials (a key file, workload identity federation, <c>gcloud auth application-default login</c>, the metadata server),
/// or from gcloud's own credential helper.
/// </remarks>
public sealed class GoogleRegistryCredentials : IRegistryCredentials
{
    private readonly TimeProvider _time;
    private readonly Func<string, string?> _environment;
    private readonly ApplicationDefaultCredentials _applicationDefault;

    public GoogleRegistryCredentials(TimeProvider time)
        : this(time, Environment.GetEnvironmentVariable)
    {
    }

    /// <param name="http">As for <see cref="ApplicationDefaultCredentials"/>.</param>
    internal GoogleRegistryCredentials(TimeProvider time, Func<string, string?> environment, IHttpClientFactory? http = null) =>
        (_time, _environment, _applicationDefault) = (time, environment, new ApplicationDefaultCredentials(environment, http));

    /// <summary>True for the hosts of Artifact Registry and its predecessor.</summary>
    public static bool Serves(string host) =>
        host.EndsWith("-docker.pkg.dev", StringComparison.Ordinal) || host == "gcr.io" || host.EndsWith(".gcr.io", StringComparison.Ordinal);

    public async Task<RegistryCredential?> FindAsync(string host, CancellationToken cancellation)
    {
        if (!Serves(host))
            return null;
        var token = Given("GOOGLE_OAUTH_ACCESS_TOKEN") ?? Given("CLOUDSDK_AUTH_ACCESS_TOKEN") ?? await _applicationDefault.GetTokenAsync(host, cancellation);
        if (token is not null)
            return new RegistryCredential("oauth2accesstoken", token);
        return Programs.Find("docker-credential-gcloud", _environment("PATH")) is null
            ? null
            : await CredentialHelper.GetAsync("gcloud", host, "Preheat's list of Google's registries", _time, cancellation);
    }

    private Secret? Given(string name) => _environment(name) is { Length: > 0 } value ? new Secret(value) : null;
}
