using Preheat.Images;
using Preheat.LocalCloud;
using Preheat.LocalCloud.Registry;

namespace Preheat.Tests.Images;

/// <summary>Our client against the embedded registry when it asks for log-ins as Artifact Registry does, and against Debian's with htpasswd.</summary>
public sealed class RegistryLoginTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private LocalCloudHost _cloud = null!;

    public async Task InitializeAsync() => _cloud = await LocalCloudHost.StartAsync(
        new LocalCloudOptions
        {
            StateDirectory = _folder["cloud"],
            RegistryAuthentication = new RegistryAuthOptions { User = "oauth2accesstoken", Password = "ya29", PublicPrefixes = ["vllm/"] },
        },
        default);

    public async Task DisposeAsync()
    {
        await _cloud.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Pushes_mounts_and_pulls_with_tokens_without_service()
    {
        using var client = Client(_cloud.Endpoint.Registry, "oauth2accesstoken", "ya29");
        var digest = await client.Uploads.PushAsync("p/r/a", "content"u8.ToArray(), default);
        (await client.Uploads.TryMountAsync("p/r/b", digest, "p/r/a", default)).ShouldBeTrue();
        (await client.HasBlobAsync("p/r/b", digest, 7, default)).ShouldBeTrue();
        (await client.GetManifestAsync("vllm/vllm-openai", "v0.11.1", default)).MediaType.ShouldBe(MediaTypes.DockerManifest);
    }

    [Fact]
    public async Task Anybody_pulls_what_is_public_and_nothing_else()
    {
        using var anonymous = Client(_cloud.Endpoint.Registry, null, null);
        await anonymous.GetManifestAsync("vllm/vllm-openai", "v0.11.1", default);
        (await Should.ThrowAsync<UserException>(() => anonymous.GetManifestAsync("p/r/a", "v1", default))).Message.ShouldContain("wants a log-in (401)");
        (await Should.ThrowAsync<UserException>(() => anonymous.Uploads.PushAsync("vllm/vllm-openai", [1], default))).Message.ShouldContain("wants a log-in (401)");
    }

    [Fact]
    public async Task A_wrong_password_is_told_without_showing_it()
    {
        using var client = Client(_cloud.Endpoint.Registry, "oauth2accesstoken", "wrong-one");
        var error = await Should.ThrowAsync<UserException>(() => client.GetManifestAsync("vllm/vllm-openai", "v0.11.1", default));
        error.Message.ShouldContain("401");
        error.ToString().ShouldNotContain("wrong-one");
    }

    [Fact]
    public async Task Debians_registry_with_htpasswd_takes_our_Basic_log_in_and_no_other()
    {
        Directory.CreateDirectory(_folder["debian"]);
        // bcrypt of "secret", as `htpasswd -nbB me secret` writes it.
        await File.WriteAllTextAsync(_folder["debian/htpasswd"], "me:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n");
        await using var registry = await DebianRegistryProcess.StartAsync(_folder["debian"], $"auth: {{htpasswd: {{realm: preheat, path: {_folder["debian/htpasswd"]}}}}}");
        var address = new Uri($"http://{registry.Address}/");
        using var client = Client(address, "me", "secret");
        var digest = await client.Uploads.PushAsync("a/b", "content"u8.ToArray(), default);
        (await client.HasBlobAsync("a/b", digest, 7, default)).ShouldBeTrue();
        using var wrong = Client(address, "me", "wrong");
        (await Should.ThrowAsync<UserException>(() => wrong.Uploads.PushAsync("a/b", [1], default))).Message.ShouldContain("401");
    }

    private static RegistryClient Client(Uri address, string? user, string? password) => new(
        "local-docker.pkg.dev",
        new CloudEndpoints { Hub = address, Registries = new Dictionary<string, Uri> { ["local-docker.pkg.dev"] = address } },
        TimeProvider.System,
        new Login(user, password));

    private sealed class Login(string? user, string? password) : IRegistryCredentials
    {
        public Task<RegistryCredential?> FindAsync(string host, CancellationToken cancellation) =>
            Task.FromResult(user is null ? null : new RegistryCredential(user, new Secret(password!)));
    }
}
