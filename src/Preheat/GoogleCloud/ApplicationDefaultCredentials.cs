using System.Text.Json;
using Google.Apis.Auth.OAuth2;
using Google.Apis.Auth.OAuth2.Responses;
using Google.Apis.Http;

namespace Preheat.GoogleCloud;

/// <summary>Google's identity of this machine: a credential file, else the metadata server of a Google machine.</summary>
/// <remarks>
/// https://cloud.google.com/docs/authentication/application-default-credentials: <c>GOOGLE_APPLICATION_CREDENTIALS</c>, gcloud's
/// <c>application_default_credentials.json</c>, the metadata server (<c>GCE_METADATA_HOST</c> names another than the usual; <c>NO_GCE_CHECK=true</c> leaves it out).
/// </remarks>
/// <param name="environment">Reads environment variables.</param>
/// <param name="http">Makes the connections to token servers; null for the library's own.</param>
internal sealed class ApplicationDefaultCredentials(Func<string, string?> environment, IHttpClientFactory? http = null)
{
    private const string CloudPlatform = "https://www.googleapis.com/auth/cloud-platform";
    private const string FileName = "application_default_credentials.json";
    private const int Longest = 1 << 20;

    private static readonly string[] Types =
        ["authorized_user", "service_account", "external_account", "external_account_authorized_user", "impersonated_service_account"];

    // Keeps its token until shortly before it runs out.
    private Found? _found;

    /// <summary>An access token for Google's APIs; null when this machine has no Google identity.</summary>
    /// <param name="purpose">What it is for: a host.</param>
    /// <exception cref="UserException">A credential file that cannot be read or is of a kind that is not known, or a token server that refuses it.</exception>
    /// <exception cref="PreheatException">A token server that does not answer.</exception>
    public async Task<Secret?> GetTokenAsync(string purpose, CancellationToken cancellation)
    {
        if ((_found ??= await FindAsync(cancellation)) is not { } found)
            return null;
        try
        {
            return new Secret(await found.Credential.UnderlyingCredential.GetAccessTokenForRequestAsync(cancellationToken: cancellation));
        }
        catch (TokenResponseException exception)
        {
            var told = exception.Error is { Error: { Length: > 0 } code } error ? $"{code} {error.ErrorDescription}".Trim() : $"{(int?)exception.StatusCode}";
            throw new UserException($"Google's Application Default Credentials ({found.Place}) give no token for {purpose}: {told}. {found.Remedy}", exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or InvalidOperationException or TimeoutException)
        {
            throw new PreheatException($"Google's Application Default Credentials ({found.Place}) give no token for {purpose}: {exception.Message} Check the network, then run the step again.", exception);
        }
    }

    /// <summary>The file that counts; null when there is none.</summary>
    private string? Path()
    {
        if (Given("GOOGLE_APPLICATION_CREDENTIALS") is { } named)
            return File.Exists(named) ? named : throw new UserException($"GOOGLE_APPLICATION_CREDENTIALS names {named}, which does not exist. Correct the variable, or unset it.");
        var folder = Given("CLOUDSDK_CONFIG")
            ?? (OperatingSystem.IsWindows() ? Below("APPDATA", "gcloud") : Below("HOME", System.IO.Path.Combine(".config", "gcloud")));
        return folder is not null && System.IO.Path.Combine(folder, FileName) is var path && File.Exists(path) ? path : null;
    }

    private async Task<Found?> FindAsync(CancellationToken cancellation)
    {
        if (Path() is { } path)
            return await ReadAsync(path, cancellation);
        if (Given("GCE_METADATA_HOST") is { } host)
            return Metadata(host, new ComputeCredential.Initializer($"http://{host}/computeMetadata/v1/instance/service-accounts/default/token"));
        var look = !string.Equals(Given("NO_GCE_CHECK"), "true", StringComparison.OrdinalIgnoreCase);
        return look && await ComputeCredential.IsRunningOnComputeEngine() ? Metadata("the machine's own", new ComputeCredential.Initializer()) : null;
    }

    private Found Metadata(string place, ComputeCredential.Initializer initializer) => new(
        Prepare(new ComputeCredential(initializer).ToGoogleCredential()),
        $"metadata server {place}",
        "Give the machine a service account with the scope cloud-platform.");

    private async Task<Found> ReadAsync(string path, CancellationToken cancellation)
    {
        var type = "";
        try
        {
            if (new FileInfo(path).Length > Longest)
                throw new UserException($"{path} has more than {Longest:N0} bytes; a credential file is shorter. Check the file.");
            var json = await File.ReadAllTextAsync(path, cancellation);
            using (var document = JsonDocument.Parse(json))
                type = document.RootElement.GetProperty("type").GetString() ?? "";
            if (!Types.Contains(type, StringComparer.Ordinal))
                throw new UserException($"The credentials in {path} are of the type '{type}', which is not known. Log in with `gcloud auth application-default login`, or name a file of the type {string.Join(", ", Types)}.");
            return new Found(
                Prepare(CredentialFactory.FromJson(json, type)),
                path,
                type == "authorized_user" ? "Log in again with `gcloud auth application-default login`." : "Check that the account exists and its key is good, or name another file.");
        }
        // The library throws many kinds for what a file lacks; none of their texts is shown, as it may hold the key.
        catch (Exception exception) when (exception is not (UserException or OperationCanceledException))
        {
            throw new UserException($"The credentials in {path}{(type.Length > 0 ? $" ({type})" : "")} cannot be read ({exception.GetType().Name}). Repair the file, or log in again with `gcloud auth application-default login`.");
        }
    }

    private GoogleCredential Prepare(GoogleCredential credential)
    {
        if (http is not null)
            credential = credential.CreateWithHttpClientFactory(http);
        return credential.IsCreateScopedRequired ? credential.CreateScoped(CloudPlatform) : credential;
    }

    private string? Given(string name) => environment(name) is { Length: > 0 } value ? value : null;

    private string? Below(string variable, string folder) => Given(variable) is { } parent ? System.IO.Path.Combine(parent, folder) : null;

    private sealed record Found(GoogleCredential Credential, string Place, string Remedy);
}
