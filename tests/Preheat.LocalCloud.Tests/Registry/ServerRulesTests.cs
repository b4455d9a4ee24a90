using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Registry;
using Preheat.LocalCloud.Tests.Hosting;
using static Preheat.LocalCloud.Tests.Registry.RegistryClient;

namespace Preheat.LocalCloud.Tests.Registry;

/// <summary>Pull, push and tokens: what https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md asks of a server beside content management.</summary>
public sealed class ServerRulesTests(CloudFixture fixture) : IClassFixture<CloudFixture>
{
    private readonly HttpClient _registry = fixture.Registry;

    // spec.md#checking-if-content-exists-in-the-registry: 200 with Content-Length and digest, or 404.
    [Fact]
    public async Task Tells_about_a_manifest_without_its_content()
    {
        using var answer = await SendAsync(HttpMethod.Head, "/v2/vllm/vllm-openai/manifests/v0.11.1");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var content = await _registry.GetByteArrayAsync("/v2/vllm/vllm-openai/manifests/v0.11.1");
        answer.Content.Headers.ContentLength.ShouldBe(content.Length);
        answer.Headers.GetValues("Docker-Content-Digest").ShouldBe([Digest(content)]);
        (await SendAsync(HttpMethod.Head, "/v2/vllm/vllm-openai/manifests/none")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await SendAsync(HttpMethod.Head, $"/v2/vllm/vllm-openai/blobs/{Digest([7])}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    // spec.md#error-codes: 4xx with a JSON body.
    [Theory]
    [InlineData("GET", "/v2/a/b/manifests/none", 404, "MANIFEST_UNKNOWN")]
    [InlineData("GET", "/v2/a/b/blobs/sha256:0000000000000000000000000000000000000000000000000000000000000000", 404, "BLOB_UNKNOWN")]
    [InlineData("PATCH", "/v2/a/b/blobs/uploads/none", 404, "BLOB_UPLOAD_UNKNOWN")]
    [InlineData("DELETE", "/v2/a/b/blobs/uploads/none", 404, "BLOB_UPLOAD_UNKNOWN")]
    [InlineData("POST", "/v2/a/b/manifests/v1", 405, "UNSUPPORTED")]
    [InlineData("PUT", "/v2/a/b/tags/list", 405, "UNSUPPORTED")]
    [InlineData("GET", "/v2/vllm/vllm-openai/tags/list?n=-1", 400, "PAGINATION_NUMBER_INVALID")]
    [InlineData("POST", "/v2/a/b/blobs/uploads/?mount=sha256:x&from=c/d", 400, "DIGEST_INVALID")]
    public async Task Says_in_JSON_what_is_wrong(string method, string path, int status, string code)
    {
        using var answer = await SendAsync(new HttpMethod(method), path);
        ((int)answer.StatusCode).ShouldBe(status);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/json");
        (await answer.ErrorAsync()).Code.ShouldBe(code);
    }

    // spec.md#listing-tags: n and last; n=0 asks for none, and then there is no next page.
    [Theory]
    [InlineData("n=0", "", false)]
    [InlineData("n=1", "v0.10.2", true)]
    [InlineData("n=9&last=v0.10.2", "v0.11.0 v0.11.1", false)]
    [InlineData("last=zzz", "", false)]
    public async Task Lists_as_many_tags_as_are_asked_for(string query, string tags, bool more)
    {
        using var answer = await _registry.GetAsync($"/v2/vllm/vllm-openai/tags/list?{query}");
        string.Join(' ', JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["tags"]!.AsArray().Select(tag => (string)tag!)).ShouldBe(tags);
        answer.Headers.Contains("Link").ShouldBe(more);
    }

    // spec.md#pushing-a-blob-in-chunks: 416 for a chunk out of order.
    [Theory]
    [InlineData("0-2", HttpStatusCode.Accepted)]
    [InlineData("5-7", HttpStatusCode.RequestedRangeNotSatisfiable)]
    public async Task Takes_a_chunk_in_order_only(string range, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, await _registry.BeginAsync("s/chunk")) { Content = new ByteArrayContent([1, 2, 3]) };
        request.Content.Headers.TryAddWithoutValidation("Content-Range", range);
        (await _registry.SendAsync(request)).StatusCode.ShouldBe(status);
    }

    // image-spec manifest.md: subject is a descriptor.
    [Theory]
    [InlineData("\"text\"")]
    [InlineData("{\"digest\":5}")]
    public async Task Refuses_a_subject_that_is_no_descriptor(string subject)
    {
        var config = Bytes("{}");
        await _registry.PushBlobAsync("s/subject", config);
        var manifest = JsonNode.Parse(Manifest(config))!;
        manifest["subject"] = JsonNode.Parse(subject);
        using var answer = await _registry.PutManifestAsync("s/subject", "v1", Bytes(manifest.ToJsonString()));
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.ErrorAsync()).Code.ShouldBe("MANIFEST_INVALID");
        (await _registry.GetAsync($"/v2/s/subject/referrers/{Digest([1])}")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    // https://distribution.github.io/distribution/spec/auth/token/: a challenge with the scope, a token for it, and no more than it says.
    [Fact]
    public async Task A_token_opens_what_its_scope_says_and_nothing_else()
    {
        using var state = new TemporaryFolder();
        await using var cloud = await LocalCloudHost.StartAsync(
            new LocalCloudOptions { StateDirectory = state.Path, RegistryAuthentication = new RegistryAuthOptions { User = "me", Password = "secret" } }, CancellationToken.None);
        using var http = new HttpClient { BaseAddress = cloud.Endpoint.Registry };
        using var challenged = await http.PostAsync("/v2/s/a/blobs/uploads/", null);
        challenged.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await challenged.ErrorAsync()).Code.ShouldBe("UNAUTHORIZED");
        challenged.Headers.WwwAuthenticate.ShouldHaveSingleItem().Parameter.ShouldBe($"realm=\"{cloud.Endpoint.Registry}v2/token\",scope=\"repository:s/a:pull,push\"");

        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("me:secret")));
        var token = (string)JsonNode.Parse(await http.GetStringAsync("/v2/token?scope=repository:s/a:pull"))!["token"]!;
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        (await http.GetAsync("/v2/")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await http.GetAsync("/v2/s/a/manifests/v1")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await http.PostAsync("/v2/s/a/blobs/uploads/", null)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await http.GetAsync("/v2/s/b/manifests/v1")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path) => _registry.SendAsync(new HttpRequestMessage(method, path));
}
