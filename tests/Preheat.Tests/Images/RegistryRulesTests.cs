using Microsoft.AspNetCore.Http;
using Preheat.Images;
using Preheat.Tests.Load;

namespace Preheat.Tests.Images;

/// <summary>Tokens that run out, tags that may not move, plain http: what a client must do beside moving bytes.</summary>
public sealed class RegistryRulesTests
{
    private readonly ManualTime _time = new();

    // https://github.com/distribution/distribution/blob/main/docs/content/spec/auth/token.md#token-response-fields
    [Fact]
    public async Task A_token_is_used_until_it_runs_out_and_then_renewed_without_another_challenge()
    {
        var (tokens, challenges) = (0, 0);
        await using var server = await LoadServer.StartAsync(async context =>
        {
            if (context.Request.Path == "/token")
            {
                await context.Response.WriteAsync($$"""{"access_token":"T{{++tokens}}","expires_in":300}""");
            }
            else if (context.Request.Headers.Authorization != $"Bearer T{tokens}")
            {
                challenges++;
                context.Response.StatusCode = 401;
                context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{context.Request.Host}/token\", service=reg";
            }
            else
            {
                await context.Response.WriteAsync("""{"tags":["v1"]}""");
            }
        });
        using var client = Client(server.Address);
        await client.ListTagsAsync("a/b", default);
        _time.Advance(TimeSpan.FromSeconds(200));
        await client.ListTagsAsync("a/b", default);
        (tokens, challenges).ShouldBe((1, 1));
        _time.Advance(TimeSpan.FromSeconds(100));
        await client.ListTagsAsync("a/b", default);
        (tokens, challenges).ShouldBe((2, 1));
    }

    // https://github.com/distribution/distribution/blob/main/docs/content/spec/auth/oauth.md
    [Fact]
    public async Task An_identity_token_is_exchanged_by_POST_and_stands_in_no_address()
    {
        var form = new Dictionary<string, string>();
        await using var server = await LoadServer.StartAsync(async context =>
        {
            if (context.Request.Path == "/token")
            {
                context.Request.Method.ShouldBe("POST");
                context.Request.QueryString.HasValue.ShouldBeFalse();
                foreach (var (key, value) in await context.Request.ReadFormAsync())
                    form[key] = value.ToString();
                await context.Response.WriteAsync("""{"access_token":"T"}""");
            }
            else if (context.Request.Headers.Authorization != "Bearer T")
            {
                context.Response.StatusCode = 401;
                context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{context.Request.Host}/token\",service=\"reg\"";
            }
            else
            {
                await context.Response.WriteAsync("""{"tags":["v1"]}""");
            }
        });
        using var client = Client(server.Address, new FixedLogin("", "identity"));
        (await client.ListTagsAsync("a/b", default)).ShouldBe(["v1"]);
        form["grant_type"].ShouldBe("refresh_token");
        form["refresh_token"].ShouldBe("identity");
        form["service"].ShouldBe("reg");
        form["scope"].ShouldBe("repository:a/b:pull");
    }

    // https://github.com/distribution/distribution/blob/main/docs/content/spec/auth/scope.md: a mount reads the other repository, too.
    [Fact]
    public async Task A_mount_asks_for_both_repositories_in_one_token()
    {
        string?[] scopes = [];
        await using var server = await LoadServer.StartAsync(async context =>
        {
            if (context.Request.Path == "/token")
            {
                scopes = [.. context.Request.Query["scope"]];
                await context.Response.WriteAsync("""{"token":"T"}""");
                return;
            }
            context.Response.StatusCode = context.Request.Headers.Authorization == "Bearer T" ? 201 : 401;
            context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{context.Request.Host}/token\"";
        });
        using var client = Client(server.Address);
        (await client.Uploads.TryMountAsync("a/b", Digest.Of([]), "c/d", default)).ShouldBeTrue();
        scopes.ShouldBe(["repository:a/b:pull,push", "repository:c/d:pull"]);
    }

    [Fact]
    public async Task A_token_refused_at_the_closing_request_sends_no_byte_again()
    {
        var (tokens, patches, puts) = (0, 0, 0);
        await using var server = await LoadServer.StartAsync(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            if (context.Request.Path == "/token")
            {
                await context.Response.WriteAsync($$"""{"token":"T{{++tokens}}"}""");
                return;
            }
            var refused = context.Request.Headers.Authorization != $"Bearer T{tokens}" || (context.Request.Method == "PUT" && ++puts == 1);
            patches += context.Request.Method == "PATCH" ? 1 : 0;
            context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{context.Request.Host}/token\"";
            context.Response.Headers.Location = "/up";
            context.Response.StatusCode = refused ? 401 : context.Request.Method == "PUT" ? 201 : 202;
        });
        using var client = Client(server.Address);
        (await client.Uploads.StreamAsync("a/b", () => StreamBlobContent.Of("content"u8.ToArray()), default)).ShouldBe(Digest.Of("content"u8));
        (tokens, patches, puts).ShouldBe((2, 1, 2));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_immutable_tag_takes_the_same_image_and_says_what_it_has_of_another(bool same)
    {
        var manifest = "{}"u8.ToArray();
        var held = same ? Digest.Of(manifest) : Digest.Of("other"u8);
        await using var server = await LoadServer.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Method == "PUT" ? 400 : 200;
            context.Response.Headers["Docker-Content-Digest"] = held.ToString();
            return Task.CompletedTask;
        });
        using var client = Client(server.Address);
        var put = client.Uploads.PutManifestAsync("a/b", "v1", MediaTypes.OciManifest, manifest, default);
        if (same)
            (await put).ShouldBe(held);
        else
            (await Should.ThrowAsync<UserException>(() => put)).Message.ShouldContain($"has the tag v1 on {held} and refuses (400) to move it");
    }

    [Fact]
    public void Plain_http_beyond_this_machine_must_be_allowed()
    {
        var far = new CloudEndpoints { Hub = new Uri("http://127.0.0.1:1/"), Registries = new Dictionary<string, Uri> { ["reg.example"] = new("http://reg.example/") } };
        Should.Throw<UserException>(() => Address("reg.example", far)).Message.ShouldContain("--insecure-registry reg.example");
        Address("reg.example", far with { InsecureRegistries = ["reg.example"] }).ShouldBe("http://reg.example/");
        var near = new CloudEndpoints { Hub = far.Hub, InsecureRegistries = ["10.0.0.7:5000"] };
        Address("10.0.0.7:5000", near).ShouldBe("http://10.0.0.7:5000/");
        Address("10.0.0.8:5000", near).ShouldBe("https://10.0.0.8:5000/");
    }

    [Theory]
    [InlineData("linux/amd64", "linux/amd64", "amd")]
    [InlineData("linux/arm64", "linux/arm64", "arm")]
    [InlineData("linux/arm64/v8", "linux/arm64/v8", "arm")]
    public void An_index_gives_the_image_of_the_platform(string text, string written, string expected)
    {
        var platform = ImagePlatform.Parse(text);
        platform.ToString().ShouldBe(written);
        platform.Choose(Index, ImageReference.Parse("a/b")).Digest.ShouldBe(Digest.Of(System.Text.Encoding.UTF8.GetBytes(expected)));
    }

    [Fact]
    public void An_index_without_the_platform_tells_what_it_has() =>
        Should.Throw<UserException>(() => ImagePlatform.Parse("windows/amd64").Choose(Index, ImageReference.Parse("a/b"))).Message.ShouldContain("it has linux/arm64/v8, linux/amd64.");

    [Theory]
    [InlineData("")]
    [InlineData("amd64")]
    [InlineData("linux/amd64/")]
    [InlineData("linux amd64")]
    public void Refuses_what_is_no_platform(string text) => Should.Throw<UserException>(() => ImagePlatform.Parse(text)).Message.ShouldContain("--image-platform");

    private static ImageIndex Index => new()
    {
        Manifests = [Entry("unknown", "unknown", null, "attestation"), Entry("linux", "arm64", "v8", "arm"), Entry("linux", "amd64", null, "amd")],
    };

    private static Descriptor Entry(string os, string architecture, string? variant, string content) => new()
    {
        MediaType = MediaTypes.OciManifest, Digest = Digest.Of(System.Text.Encoding.UTF8.GetBytes(content)), Size = 1, Platform = new Platform { Os = os, Architecture = architecture, Variant = variant },
    };

    private static string Address(string host, CloudEndpoints endpoints)
    {
        using var client = new RegistryClient(host, endpoints, TimeProvider.System, new FixedLogin("a", "b"));
        return client.Address.AbsoluteUri;
    }

    private RegistryClient Client(Uri address, IRegistryCredentials? credentials = null) => new(
        "reg.example",
        new CloudEndpoints { Hub = address, Registries = new Dictionary<string, Uri> { ["reg.example"] = address } },
        _time,
        credentials ?? new DockerConfigCredentials(_time, "/nonexistent/config.json"));
}
