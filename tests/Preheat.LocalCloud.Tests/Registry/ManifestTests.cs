using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Tests.Hosting;
using static Preheat.LocalCloud.Tests.Registry.RegistryClient;

namespace Preheat.LocalCloud.Tests.Registry;

public sealed class ManifestTests(CloudFixture fixture) : IClassFixture<CloudFixture>
{
    private static readonly byte[] Config = Bytes("""{"architecture":"amd64","os":"linux","config":{"Entrypoint":["/run"],"Env":["A=b"],"User":"7"},"rootfs":{"type":"layers","diff_ids":[]}}""");
    private readonly HttpClient _registry = fixture.Registry;

    [Fact]
    public async Task Takes_a_manifest_by_tag_and_gives_it_by_tag_and_digest()
    {
        var manifest = await PushAsync("p/r/tagged", "1.0");
        foreach (var reference in new[] { "1.0", Digest(manifest) })
        {
            using var answer = await _registry.GetAsync($"/v2/p/r/tagged/manifests/{reference}");
            (await answer.Content.ReadAsByteArrayAsync()).ShouldBe(manifest);
            answer.Content.Headers.ContentType!.MediaType.ShouldBe(OciManifest);
            answer.Headers.GetValues("Docker-Content-Digest").ShouldBe([Digest(manifest)]);
        }
    }

    [Fact]
    public async Task Finds_the_image_by_its_logical_reference()
    {
        var manifest = await PushAsync("proj/repo/img", "v1");
        var image = fixture.Cloud.Images.Find($"local-docker.pkg.dev/proj/repo/img@{Digest(manifest)}").ShouldNotBeNull();
        image.Digest.ShouldBe(Digest(manifest));
        image.Config.Entrypoint.ShouldBe(["/run"]);
        image.Config.Env.ShouldBe(["A=b"]);
        image.Config.User.ShouldBe("7");
        (await File.ReadAllTextAsync(image.Layers.ShouldHaveSingleItem().Path)).ShouldBe("layer of proj/repo/img");
        fixture.Cloud.Images.Find("us-central1-docker.pkg.dev/proj/repo/img:v1")!.Digest.ShouldBe(image.Digest);
    }

    [Theory]
    [InlineData("local-docker.pkg.dev/proj/repo/none:v1")]
    [InlineData("registry.example/proj/repo/img:v1")]
    [InlineData("vllm/vllm-openai:v0.0.1")]
    [InlineData("UPPER")]
    public void Finds_no_image_where_there_is_none(string reference) => fixture.Cloud.Images.Find(reference).ShouldBeNull();

    [Fact]
    public async Task Refuses_a_manifest_whose_digest_differs()
    {
        await _registry.PushBlobAsync("p/r/differs", Config);
        using var answer = await _registry.PutManifestAsync("p/r/differs", Digest([1]), Manifest(Config));
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.ErrorAsync()).Code.ShouldBe("DIGEST_INVALID");
    }

    [Fact]
    public async Task Refuses_a_manifest_that_references_an_unknown_blob()
    {
        await _registry.PushBlobAsync("p/r/unknown", Config);
        using var answer = await _registry.PutManifestAsync("p/r/unknown", "x", Manifest(Config, Bytes("never pushed")));
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.ErrorAsync()).Code.ShouldBe("MANIFEST_BLOB_UNKNOWN");
    }

    [Theory]
    [InlineData("{", OciManifest)]
    [InlineData("""{"schemaVersion":1}""", OciManifest)]
    [InlineData("""{"schemaVersion":2}""", OciManifest)]
    [InlineData("""{"schemaVersion":2,"mediaType":"application/other","config":{},"layers":[]}""", OciManifest)]
    [InlineData("""{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"sha256:x","size":1},"layers":[]}""", OciManifest)]
    [InlineData("""{"schemaVersion":2}""", "application/json")]
    public async Task Refuses_what_is_not_a_manifest(string content, string type)
    {
        using var answer = await _registry.PutManifestAsync("p/r/bad", "x", Bytes(content), type);
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.ErrorAsync()).Code.ShouldBe("MANIFEST_INVALID");
    }

    [Fact]
    public async Task Refuses_a_manifest_that_lies_about_a_size()
    {
        await _registry.PushBlobAsync("p/r/size", Config);
        var lie = JsonNode.Parse(Manifest(Config))!;
        lie["config"]!["size"] = Config.Length + 1;
        using var answer = await _registry.PutManifestAsync("p/r/size", "x", Bytes(lie.ToJsonString()));
        (await answer.ErrorAsync()).Code.ShouldBe("MANIFEST_INVALID");
    }

    [Fact]
    public async Task Refuses_a_manifest_above_4_MiB()
    {
        using var answer = await _registry.PutManifestAsync("p/r/large", "x", new byte[(4 << 20) + 1]);
        answer.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task Refuses_a_bad_tag()
    {
        using var answer = await _registry.PutManifestAsync("p/r/tag", "-x", Manifest(Config));
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.ErrorAsync()).Code.ShouldBe("TAG_INVALID");
    }

    [Fact]
    public async Task Says_that_a_manifest_is_unknown()
    {
        using var answer = await _registry.GetAsync("/v2/vllm/vllm-openai/manifests/none");
        answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await answer.ErrorAsync()).Code.ShouldBe("MANIFEST_UNKNOWN");
    }

    [Fact]
    public async Task Gives_no_manifest_of_a_type_that_is_not_accepted()
    {
        await PushAsync("p/r/accept", "1");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v2/p/r/accept/manifests/1");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/vnd.docker.distribution.manifest.v2+json"));
        using var refused = await _registry.SendAsync(request);
        refused.StatusCode.ShouldBe(HttpStatusCode.NotFound);

        using var second = new HttpRequestMessage(HttpMethod.Get, "/v2/p/r/accept/manifests/1");
        second.Headers.TryAddWithoutValidation("Accept", $"application/x, {OciManifest};q=0.5");
        using var answer = await _registry.SendAsync(second);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Lists_tags_in_order_and_in_pages()
    {
        foreach (var tag in new[] { "b", "a", "c" })
        {
            await PushAsync("p/r/list", tag);
        }

        (await TagsAsync("/v2/p/r/list/tags/list")).ShouldBe(["a", "b", "c"]);
        using var page = await _registry.GetAsync("/v2/p/r/list/tags/list?n=2");
        page.Headers.GetValues("Link").ShouldBe(["</v2/p/r/list/tags/list?last=b&n=2>; rel=\"next\""]);
        (await TagsAsync("/v2/p/r/list/tags/list?last=b&n=2")).ShouldBe(["c"]);
        (await (await _registry.GetAsync("/v2/p/r/none/tags/list")).ErrorAsync()).Code.ShouldBe("NAME_UNKNOWN");
    }

    [Fact]
    public async Task Chooses_the_amd64_manifest_of_an_index()
    {
        var manifest = await PushAsync("p/r/index", "amd64");
        var entry = new JsonObject
        {
            ["mediaType"] = OciManifest, ["digest"] = Digest(manifest), ["size"] = manifest.Length,
            ["platform"] = new JsonObject { ["os"] = "linux", ["architecture"] = "amd64" },
        };
        var index = Bytes(new JsonObject { ["schemaVersion"] = 2, ["manifests"] = new JsonArray(entry) }.ToJsonString());
        using var answer = await _registry.PutManifestAsync("p/r/index", "all", index, "application/vnd.oci.image.index.v1+json");
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        fixture.Cloud.Images.Find("local-docker.pkg.dev/p/r/index:all")!.Digest.ShouldBe(Digest(manifest));
    }

    private async Task<string[]> TagsAsync(string path) =>
        [.. JsonNode.Parse(await _registry.GetStringAsync(path))!["tags"]!.AsArray().Select(tag => (string)tag!)];

    private async Task<byte[]> PushAsync(string name, string tag)
    {
        var layer = Bytes($"layer of {name}");
        await _registry.PushBlobAsync(name, Config);
        await _registry.PushBlobAsync(name, layer);
        var manifest = Manifest(Config, layer);
        using var answer = await _registry.PutManifestAsync(name, tag, manifest);
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        answer.Headers.GetValues("Docker-Content-Digest").ShouldBe([Digest(manifest)]);
        return manifest;
    }
}
