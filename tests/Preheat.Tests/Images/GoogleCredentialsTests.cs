using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Apis.Http;
using Microsoft.AspNetCore.Http;
using Preheat.Images;
using Preheat.Tests.Load;
using IHttpClientFactory = Google.Apis.Http.IHttpClientFactory;

namespace Preheat.Tests.Images;

/// <summary>Application Default Credentials for <c>*.pkg.dev</c>, against a token endpoint and a metadata server on loopback.</summary>
/// <remarks>https://cloud.google.com/docs/authentication/application-default-credentials, https://google.aip.dev/auth/4110.</remarks>
public sealed class GoogleCredentialsTests : IDisposable
{
    private const string Host = "us-central1-docker.pkg.dev";

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _environment = new() { ["NO_GCE_CHECK"] = "true" };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_user_s_log_in_gives_a_token_by_its_refresh_token_and_it_is_kept()
    {
        IFormCollection? form = null;
        await using var server = await TokenServerAsync(received => form = received);
        await WriteAsync("gcloud/application_default_credentials.json", User);
        _environment["CLOUDSDK_CONFIG"] = _folder["gcloud"];
        var credentials = Credentials(server);

        (await TokenAsync(credentials)).ShouldBe("ya29.fresh");
        (await TokenAsync(credentials)).ShouldBe("ya29.fresh");
        server.Requests.ShouldBe(1);
        form!["grant_type"].ToString().ShouldBe("refresh_token");
        form["refresh_token"].ToString().ShouldBe("1//refresh");
        form["client_id"].ToString().ShouldBe("id.apps.googleusercontent.com");
    }

    // RFC 7523: the assertion is signed with the key, for the token endpoint, with the scope asked for.
    [Fact]
    public async Task A_service_account_s_key_signs_an_assertion_for_the_token_endpoint_of_its_file()
    {
        IFormCollection? form = null;
        await using var server = await TokenServerAsync(received => form = received);
        using var key = RSA.Create(2048);
        await NameAsync(ServiceAccount(key.ExportPkcs8PrivateKeyPem(), new Uri(server.Address, "token")));

        (await TokenAsync(Credentials(http: null))).ShouldBe("ya29.fresh");
        form!["grant_type"].ToString().ShouldBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
        var assertion = form["assertion"].ToString().Split('.');
        key.VerifyData(System.Text.Encoding.ASCII.GetBytes($"{assertion[0]}.{assertion[1]}"), Decode(assertion[2]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).ShouldBeTrue();
        var claims = JsonNode.Parse(Decode(assertion[1]))!;
        ((string)claims["iss"]!).ShouldBe("preheat@p.iam.gserviceaccount.com");
        ((string)claims["scope"]!).ShouldBe("https://www.googleapis.com/auth/cloud-platform");
    }

    // https://google.aip.dev/auth/4117: the subject token is exchanged at the file's token_url.
    [Fact]
    public async Task A_federated_workload_exchanges_its_own_token()
    {
        IFormCollection? form = null;
        await using var server = await TokenServerAsync(received => form = received);
        await WriteAsync("subject", "the-workload-s-token");
        await NameAsync(External(new { file = _folder["subject"] }, new Uri(server.Address, "sts")));

        (await TokenAsync(Credentials(http: null))).ShouldBe("ya29.fresh");
        form!["grant_type"].ToString().ShouldBe("urn:ietf:params:oauth:grant-type:token-exchange");
        form["subject_token"].ToString().ShouldBe("the-workload-s-token");
    }

    // https://cloud.google.com/compute/docs/access/authenticate-workloads: Metadata-Flavor: Google.
    [Fact]
    public async Task The_metadata_server_gives_a_token_where_there_is_no_file()
    {
        await using var server = await LoadServer.StartAsync(async context =>
        {
            context.Request.Path.Value.ShouldBe("/computeMetadata/v1/instance/service-accounts/default/token");
            context.Response.StatusCode = context.Request.Headers["Metadata-Flavor"] == "Google" ? 200 : 403;
            await context.Response.WriteAsJsonAsync(new { access_token = "ya29.machine", expires_in = 3599, token_type = "Bearer" });
        });
        _environment["GCE_METADATA_HOST"] = server.Address.Authority;
        (await TokenAsync(Credentials(http: null))).ShouldBe("ya29.machine");
    }

    [Fact]
    public async Task A_file_goes_before_the_metadata_server()
    {
        await using var metadata = await LoadServer.StartAsync(context => context.Response.WriteAsync("{}"));
        await using var server = await TokenServerAsync();
        await NameAsync(User);
        _environment["GCE_METADATA_HOST"] = metadata.Address.Authority;
        (await TokenAsync(Credentials(server))).ShouldBe("ya29.fresh");
        metadata.Requests.ShouldBe(0);
    }

    [Fact]
    public async Task A_machine_without_Google_identity_is_anonymous() => (await Credentials(http: null).FindAsync(Host, default)).ShouldBeNull();

    [Fact]
    public async Task A_log_in_that_has_run_out_says_how_to_log_in_again_and_shows_no_secret()
    {
        await using var server = await LoadServer.StartAsync(context =>
        {
            context.Response.StatusCode = 400;
            return context.Response.WriteAsJsonAsync(new { error = "invalid_grant", error_description = "Token has been expired or revoked." });
        });
        await NameAsync(User);
        var error = await Should.ThrowAsync<UserException>(() => TokenAsync(Credentials(server)));
        error.Message.ShouldContain("invalid_grant Token has been expired or revoked.");
        error.Message.ShouldContain("gcloud auth application-default login");
        error.ToString().ShouldNotContain("1//refresh");
    }

    [Fact]
    public async Task A_machine_without_service_account_is_told_so()
    {
        await using var server = await LoadServer.StartAsync(context =>
        {
            context.Response.StatusCode = 404;
            return context.Response.WriteAsync("<html>no service account</html>");
        });
        _environment["GCE_METADATA_HOST"] = server.Address.Authority;
        (await Should.ThrowAsync<PreheatException>(() => TokenAsync(Credentials(http: null)))).Message.ShouldContain("metadata server");
    }

    [Theory]
    [InlineData("""{"type":"gdch_service_account"}""", "of the type 'gdch_service_account', which is not known")]
    [InlineData("""{"type":"service_account","client_email":"a@b","private_key":"THE-KEY"}""", "(service_account) cannot be read")]
    [InlineData("""{"type":"authorized_user"}""", "(authorized_user) cannot be read")]
    [InlineData("{THE-KEY", "cannot be read")]
    [InlineData("[]", "cannot be read")]
    public async Task A_file_that_is_no_credential_is_named_and_not_shown(string json, string message)
    {
        await WriteAsync("adc.json", json);
        _environment["GOOGLE_APPLICATION_CREDENTIALS"] = _folder["adc.json"];
        var error = await Should.ThrowAsync<UserException>(() => TokenAsync(Credentials(http: null)));
        error.Message.ShouldContain(message);
        error.Message.ShouldContain(_folder["adc.json"]);
        error.ToString().ShouldNotContain("THE-KEY");
    }

    [Fact]
    public async Task A_named_file_that_is_missing_is_not_passed_over()
    {
        _environment["GOOGLE_APPLICATION_CREDENTIALS"] = _folder["nowhere.json"];
        (await Should.ThrowAsync<UserException>(() => TokenAsync(Credentials(http: null)))).Message.ShouldContain("which does not exist");
    }

    private static object User => new { type = "authorized_user", client_id = "id.apps.googleusercontent.com", client_secret = "s", refresh_token = "1//refresh" };

    private static object ServiceAccount(string key, Uri tokenUri) => new
    {
        type = "service_account", project_id = "p", private_key_id = "1", private_key = key, client_email = "preheat@p.iam.gserviceaccount.com", client_id = "1", token_uri = tokenUri.AbsoluteUri,
    };

    private static object External(object source, Uri tokenUrl) => new
    {
        type = "external_account", audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/ci",
        subject_token_type = "urn:ietf:params:oauth:token-type:jwt", token_url = tokenUrl.AbsoluteUri, credential_source = source,
    };

    private static byte[] Decode(string part) => System.Buffers.Text.Base64Url.DecodeFromChars(part);

    private static Task<LoadServer> TokenServerAsync(Action<IFormCollection>? received = null) => LoadServer.StartAsync(async context =>
    {
        var form = await context.Request.ReadFormAsync();
        received?.Invoke(form);
        await context.Response.WriteAsJsonAsync(new { access_token = "ya29.fresh", expires_in = 3599, token_type = "Bearer", issued_token_type = "urn:ietf:params:oauth:token-type:access_token" });
    });

    private static async Task<string?> TokenAsync(GoogleRegistryCredentials credentials)
    {
        var credential = await credentials.FindAsync(Host, default);
        credential?.User.ShouldBe("oauth2accesstoken");
        return credential?.Password.Reveal();
    }

    private GoogleRegistryCredentials Credentials(LoadServer server) => Credentials(new Redirected(server.Address));

    private GoogleRegistryCredentials Credentials(IHttpClientFactory? http) => new(TimeProvider.System, name => _environment.GetValueOrDefault(name), http);

    private async Task NameAsync(object credential)
    {
        await WriteAsync("adc.json", credential);
        _environment["GOOGLE_APPLICATION_CREDENTIALS"] = _folder["adc.json"];
    }

    private Task WriteAsync(string name, object content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        return File.WriteAllTextAsync(_folder[name], content as string ?? JsonSerializer.Serialize(content));
    }

    /// <summary>Google's address of users' tokens is fixed in its library: the test's own server stands in its place.</summary>
    private sealed class Redirected(Uri server) : HttpClientFactory
    {
        protected override HttpMessageHandler CreateHandler(CreateHttpClientArgs args) => new Handler(server, base.CreateHandler(args));

        private sealed class Handler(Uri server, HttpMessageHandler inner) : DelegatingHandler(inner)
        {
            protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
            {
                request.RequestUri!.Host.ShouldBe("oauth2.googleapis.com");
                request.RequestUri = new Uri(server, request.RequestUri.AbsolutePath);
                return base.SendAsync(request, cancellationToken);
            }
        }
    }
}
