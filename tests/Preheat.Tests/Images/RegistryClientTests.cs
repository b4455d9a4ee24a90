using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Preheat.Http;
using Preheat.Images;
using Preheat.Tests.Load;

namespace Preheat.Tests.Images;

public sealed class RegistryClientTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<string> _log = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Answers_a_Bearer_challenge_without_service_and_keeps_the_token()
    {
        await using var server = await StartAsync(async context =>
        {
            if (context.Request.Path == "/token")
            {
                context.Request.Query["scope"].ShouldBe(["repository:a/b:pull"]);
                context.Request.Headers.Authorization.ToString().ShouldBe("Basic " + Base64("me:secret"));
                await context.Response.WriteAsync("""{"token":"T1"}""");
            }
            else if (context.Request.Headers.Authorization != "Bearer T1")
            {
                context.Response.StatusCode = 401;
                context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{context.Request.Host}/token\"";
            }
            else
            {
                await context.Response.WriteAsync("""{"name":"a/b","tags":["v2","v1"]}""");
            }
        });
        var config = _folder["config.json"];
        await File.WriteAllTextAsync(config, JsonSerializer.Serialize(new { auths = new Dictionary<string, object> { ["reg.example"] = new { auth = Base64("me:secret") } } }));
        using var client = Client(server, new DockerConfigCredentials(TimeProvider.System, config));

        (await client.ListTagsAsync("a/b", default)).ShouldBe(["v1", "v2"]);
        (await client.ListTagsAsync("a/b", default)).Count.ShouldBe(2);
        _log.Count(line => line.Contains("/token")).ShouldBe(1);
    }

    [Fact]
    public async Task Answers_a_Basic_challenge()
    {
        await using var server = await StartAsync(async context =>
        {
            if (context.Request.Headers.Authorization == "Basic " + Base64("me:secret"))
            {
                await context.Response.WriteAsync("""{"tags":["v1"]}""");
                return;
            }
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"reg\"";
        });
        using var client = Client(server, new FixedLogin());
        (await client.ListTagsAsync("a/b", default)).ShouldBe(["v1"]);
        using var anonymous = Client(server);
        var error = await Should.ThrowAsync<UserException>(() => anonymous.ListTagsAsync("a/b", default));
        error.Message.ShouldContain("docker login reg.example");
    }

    [Fact]
    public async Task The_credential_does_not_follow_a_redirect_to_the_storage()
    {
        var blob = "content"u8.ToArray();
        await using var storage = await StartAsync(context => context.Response.Body.WriteAsync(blob).AsTask());
        await using var server = await StartAsync(context =>
        {
            if (context.Request.Headers.Authorization.Count == 0)
            {
                context.Response.StatusCode = 401;
                context.Response.Headers.WWWAuthenticate = "Basic realm=\"reg\"";
            }
            else
            {
                context.Response.Redirect(new Uri(storage.Address, "stored").AbsoluteUri, permanent: false, preserveMethod: true);
            }
            return Task.CompletedTask;
        });
        using var client = Client(server, new FixedLogin());
        (await client.ReadBlobAsync("a/b", Describe(blob), 100, default)).ShouldBe(blob);
        _log.Single(line => line.Contains("/stored")).ShouldBe("GET /stored");
    }

    [Fact]
    public async Task Refuses_a_blob_whose_digest_differs()
    {
        await using var server = await StartAsync(context => context.Response.Body.WriteAsync("damaged"u8.ToArray()).AsTask());
        using var client = Client(server);
        (await Should.ThrowAsync<PreheatException>(() => client.ReadBlobAsync("a/b", Describe("content"u8.ToArray()), 100, default))).Message.ShouldContain("damaged on the way");
    }

    [Theory]
    [InlineData("cont", "ended after 4 of 7 bytes")]
    [InlineData("contents", "longer than the 7 bytes")]
    public async Task Refuses_a_blob_of_another_size(string sent, string message)
    {
        await using var server = await StartAsync(context => context.Response.WriteAsync(sent));
        using var client = Client(server);
        (await Should.ThrowAsync<PreheatException>(() => client.ReadBlobAsync("a/b", Describe("content"u8.ToArray()), 100, default))).Message.ShouldContain(message);
    }

    [Theory]
    [InlineData("sha256:0000000000000000000000000000000000000000000000000000000000000000", null)]
    [InlineData("v1", "sha256:0000000000000000000000000000000000000000000000000000000000000000")]
    public async Task Refuses_a_manifest_whose_digest_differs(string name, string? stated)
    {
        await using var server = await StartAsync(context =>
        {
            context.Response.ContentType = MediaTypes.OciManifest;
            if (stated is not null)
                context.Response.Headers["Docker-Content-Digest"] = stated;
            return context.Response.WriteAsync("{}");
        });
        using var client = Client(server);
        (await Should.ThrowAsync<PreheatException>(() => client.GetManifestAsync("a/b", name, default))).Message.ShouldContain("it was damaged on the way");
    }

    [Fact]
    public async Task Refuses_a_manifest_of_a_type_it_does_not_know()
    {
        await using var server = await StartAsync(context => context.Response.WriteAsync("<html>"));
        using var client = Client(server);
        (await Should.ThrowAsync<UserException>(() => client.GetManifestAsync("a/b", "v1", default))).Message.ShouldContain("does not read");
    }

    [Theory]
    [InlineData(401, "docker login reg.example")]
    [InlineData(403, "forbids manifest v1 in a/b (403)")]
    [InlineData(404, "reg.example/a/b has no manifest v1 (404)")]
    public async Task Refusals_name_host_and_repository_and_what_the_registry_says(int status, string message)
    {
        await using var server = await StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsync("""{"errors":[{"code":"DENIED","message":"no such thing"}]}""");
        });
        using var client = Client(server);
        var error = await Should.ThrowAsync<UserException>(() => client.GetManifestAsync("a/b", "v1", default));
        error.Message.ShouldContain(message);
        error.Message.ShouldContain("DENIED: no such thing");
    }

    [Fact]
    public async Task Reads_no_more_than_64_KiB_of_an_error()
    {
        using var body = new MemoryStream(new byte[1 << 20]);
        using var response = new HttpResponseMessage { Content = new StreamContent(body) };
        (await OriginClient.ReadErrorAsync(response, default)).Length.ShouldBe(64 * 1024);
    }

    [Fact]
    public async Task Tries_again_after_5xx()
    {
        var count = 0;
        await using var server = await StartAsync(context =>
        {
            context.Response.StatusCode = Interlocked.Increment(ref count) < 3 ? 503 : 200;
            return context.Response.StatusCode == 200 ? context.Response.WriteAsync("""{"tags":["v1"]}""") : Task.CompletedTask;
        });
        using var client = Client(server);
        (await client.ListTagsAsync("a/b", default)).ShouldBe(["v1"]);
        count.ShouldBe(3);
    }

    [Fact]
    public async Task Streams_a_blob_as_one_PATCH_and_an_empty_PUT_with_the_digest()
    {
        await using var server = await UploadServerAsync();
        using var client = Client(server);
        var blob = new byte[3_000_000];
        new Random(1).NextBytes(blob);
        var digest = await client.Uploads.StreamAsync("a/b", () => Content(blob), default);

        digest.ShouldBe(Digest.Of(blob));
        _log.ShouldBe(["POST /v2/a/b/blobs/uploads/ 0", "PATCH /up/1?state=s 3000000", $"PUT /up/2?state=t&digest={Uri.EscapeDataString(digest.ToString())} 0"]);
    }

    [Fact]
    public async Task A_refused_token_in_the_middle_starts_the_upload_again()
    {
        var tokens = 0;
        var patches = 0;
        await using var server = await UploadServerAsync(async context =>
        {
            if (context.Request.Path == "/token")
            {
                await context.Response.WriteAsync($$"""{"token":"T{{Interlocked.Increment(ref tokens)}}"}""");
                return true;
            }
            var stale = context.Request.Method == "PATCH" && Interlocked.Increment(ref patches) == 1;
            if (!stale && context.Request.Headers.Authorization == $"Bearer T{tokens}")
                return false;
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{context.Request.Host}/token\",service=\"x\"";
            return true;
        });
        using var client = Client(server);
        (await client.Uploads.StreamAsync("a/b", () => Content("content"u8.ToArray()), default)).ShouldBe(Digest.Of("content"u8));
        tokens.ShouldBe(2);
        patches.ShouldBe(2);
    }

    [Fact]
    public async Task A_registry_that_stores_something_else_is_noticed()
    {
        await using var server = await UploadServerAsync(async context =>
        {
            if (context.Request.Method != "PUT")
                return false;
            context.Response.StatusCode = 201;
            context.Response.Headers["Docker-Content-Digest"] = Digest.Of("other"u8).ToString();
            await context.Response.CompleteAsync();
            return true;
        });
        using var client = Client(server);
        (await Should.ThrowAsync<PreheatException>(() => client.Uploads.PushAsync("a/b", "content"u8.ToArray(), default))).Message.ShouldContain("stored sha256:");
    }

    [Theory]
    [InlineData(201, true)]
    [InlineData(202, false)]
    [InlineData(405, false)]
    public async Task A_mount_is_an_offer_that_the_registry_may_decline(int status, bool mounted)
    {
        await using var server = await StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        using var client = Client(server);
        (await client.Uploads.TryMountAsync("a/b", Digest.Of([]), "c/d", default)).ShouldBe(mounted);
        _log.ShouldBe([$"POST /v2/a/b/blobs/uploads/?mount={Digest.Of([])}&from=c%2Fd 0"]);
    }

    [Fact]
    public void A_host_without_mapping_is_https_and_loopback_is_http()
    {
        var endpoints = new CloudEndpoints { Hub = new Uri("http://127.0.0.1:1/") };
        Address("gcr.io").ShouldBe("https://gcr.io/");
        Address("docker.io").ShouldBe("https://registry-1.docker.io/");
        Address("localhost:5000").ShouldBe("http://localhost:5000/");

        string Address(string host)
        {
            using var client = new RegistryClient(host, endpoints, TimeProvider.System, new FixedLogin());
            return client.Address.AbsoluteUri;
        }
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static Descriptor Describe(byte[] blob) => new() { MediaType = MediaTypes.OciLayer, Digest = Digest.Of(blob), Size = blob.Length };

    private static StreamBlobContent Content(byte[] blob) => StreamBlobContent.Of(blob);

    private static RegistryClient Client(LoadServer server, IRegistryCredentials? credentials = null) => new(
        "reg.example",
        new CloudEndpoints { Hub = server.Address, Registries = new Dictionary<string, Uri>(StringComparer.OrdinalIgnoreCase) { ["reg.example"] = server.Address } },
        TimeProvider.System,
        credentials ?? new DockerConfigCredentials(TimeProvider.System, "/nonexistent/config.json"));

    private Task<LoadServer> StartAsync(Func<HttpContext, Task> answer) => LoadServer.StartAsync(context =>
    {
        _log.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}{(context.Request.ContentLength is { } length ? " " + length : "")}{(context.Request.Path == "/stored" && context.Request.Headers.Authorization.Count > 0 ? " token" : "")}");
        return answer(context);
    });

    /// <summary>A registry that takes uploads; <paramref name="first"/> may answer before it.</summary>
    private Task<LoadServer> UploadServerAsync(Func<HttpContext, Task<bool>>? first = null) => StartAsync(async context =>
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        if (first is not null && await first(context))
            return;
        (context.Response.StatusCode, context.Response.Headers.Location) = context.Request.Method switch
        {
            "POST" => (202, "/up/1?state=s"),
            "PATCH" => (202, "/up/2?state=t"),
            _ => (201, ""),
        };
    });
}
