using System.Net;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Tests.Hosting;
using static Preheat.LocalCloud.Tests.Registry.RegistryClient;

namespace Preheat.LocalCloud.Tests.Registry;

/// <summary>Content management and referrers of the distribution specification v1.1.0, rule by rule.</summary>
public sealed class ConformanceTests(CloudFixture fixture) : IClassFixture<CloudFixture>
{
    private const string ConfigType = "application/vnd.oci.image.config.v1+json";
    private const string OciIndex = "application/vnd.oci.image.index.v1+json";
    private static readonly byte[] Config = Bytes("{}");
    private readonly HttpClient _registry = fixture.Registry;

    // spec.md#deleting-tags: "To delete a tag, perform a DELETE request to … /manifests/<tag>"; 202, and then 404.
    [Fact]
    public async Task Deletes_a_tag_and_keeps_the_manifest()
    {
        var manifest = await PushAsync("c/tag", "v1");
        (await DeleteAsync("/v2/c/tag/manifests/v1")).ShouldBe(HttpStatusCode.Accepted);
        (await GetAsync("/v2/c/tag/manifests/v1")).ShouldBe(HttpStatusCode.NotFound);
        (await GetAsync($"/v2/c/tag/manifests/{Digest(manifest)}")).ShouldBe(HttpStatusCode.OK);
        (await DeleteAsync("/v2/c/tag/manifests/v1")).ShouldBe(HttpStatusCode.NotFound);
    }

    // spec.md#deleting-manifests
    [Fact]
    public async Task Deletes_a_manifest_with_its_tags()
    {
        var manifest = await PushAsync("c/manifest", "v1");
        var other = await PushAsync("c/manifest", "v2", annotation: "other");
        (await DeleteAsync($"/v2/c/manifest/manifests/{Digest(manifest)}")).ShouldBe(HttpStatusCode.Accepted);
        (await GetAsync("/v2/c/manifest/manifests/v1")).ShouldBe(HttpStatusCode.NotFound);
        (await GetAsync($"/v2/c/manifest/manifests/{Digest(manifest)}")).ShouldBe(HttpStatusCode.NotFound);
        (await GetAsync($"/v2/c/manifest/manifests/{Digest(other)}")).ShouldBe(HttpStatusCode.OK);
        (await TagsAsync("c/manifest")).ShouldBe(["v2"]);
        (await DeleteAsync($"/v2/c/manifest/manifests/{Digest(manifest)}")).ShouldBe(HttpStatusCode.NotFound);
        await PushAsync("c/manifest", "v1"); // and it can be pushed again
        (await TagsAsync("c/manifest")).ShouldBe(["v1", "v2"]);
    }

    // spec.md#deleting-blobs
    [Fact]
    public async Task Deletes_a_blob_of_one_repository()
    {
        var digest = await _registry.PushBlobAsync("c/blob", Bytes("blob"));
        await _registry.PushBlobAsync("c/other", Bytes("blob"));
        (await DeleteAsync($"/v2/c/blob/blobs/{digest}")).ShouldBe(HttpStatusCode.Accepted);
        (await GetAsync($"/v2/c/blob/blobs/{digest}")).ShouldBe(HttpStatusCode.NotFound);
        (await GetAsync($"/v2/c/other/blobs/{digest}")).ShouldBe(HttpStatusCode.OK);
        (await DeleteAsync($"/v2/c/blob/blobs/{digest}")).ShouldBe(HttpStatusCode.NotFound);
        (await DeleteAsync("/v2/c/blob/blobs/sha256:x")).ShouldBe(HttpStatusCode.BadRequest);
    }

    // spec.md#pushing-manifests-with-subject: OCI-Subject MUST be set; a missing subject MUST be accepted.
    [Fact]
    public async Task Tells_that_it_knows_subjects_also_of_one_that_is_not_there()
    {
        var subject = Digest(Bytes("not pushed"));
        using var answer = await PushReferrerAsync("c/subject", subject, "application/x");
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        answer.Headers.GetValues("OCI-Subject").ShouldBe([subject]);
        using var plain = await _registry.PutManifestAsync("c/subject", "v1", Manifest(Config));
        plain.Headers.Contains("OCI-Subject").ShouldBeFalse();
    }

    // spec.md#listing-referrers
    [Fact]
    public async Task Lists_referrers_with_type_and_annotations_and_filters_them()
    {
        var subject = Digest(await PushAsync("c/refer", "v1"));
        (await PushReferrerAsync("c/refer", subject, "application/spdx+json")).Dispose();
        (await PushReferrerAsync("c/refer", subject, null)).Dispose();
        (await PushReferrerAsync("c/refer", Digest(Bytes("another")), "application/spdx+json")).Dispose();

        using var all = await _registry.GetAsync($"/v2/c/refer/referrers/{subject}");
        all.Content.Headers.ContentType!.MediaType.ShouldBe(OciIndex);
        all.Headers.Contains("OCI-Filters-Applied").ShouldBeFalse();
        var entries = JsonNode.Parse(await all.Content.ReadAsStringAsync())!["manifests"]!.AsArray();
        entries.Select(entry => (string)entry!["artifactType"]!).Order().ShouldBe(["application/spdx+json", ConfigType]);
        entries.ShouldAllBe(entry => (string?)entry!["annotations"]!["k"] == "v");

        using var some = await _registry.GetAsync($"/v2/c/refer/referrers/{subject}?artifactType=application/spdx%2Bjson");
        some.Headers.GetValues("OCI-Filters-Applied").ShouldBe(["artifactType"]);
        JsonNode.Parse(await some.Content.ReadAsStringAsync())!["manifests"]!.AsArray().Count.ShouldBe(1);
    }

    // spec.md#listing-referrers: without referrers the answer is an empty index and not 404; a bad digest is 400.
    [Fact]
    public async Task Gives_an_empty_index_where_nothing_refers()
    {
        var answer = await _registry.GetStringAsync($"/v2/c/none/referrers/{Digest(Bytes("x"))}");
        JsonNode.Parse(answer)!["manifests"]!.AsArray().ShouldBeEmpty();
        (await GetAsync("/v2/c/none/referrers/v1")).ShouldBe(HttpStatusCode.BadRequest);
    }

    private async Task<byte[]> PushAsync(string name, string tag, string? annotation = null)
    {
        await _registry.PushBlobAsync(name, Config);
        var manifest = JsonNode.Parse(Manifest(Config))!;
        if (annotation is not null)
        {
            manifest["annotations"] = new JsonObject { ["a"] = annotation };
        }

        var bytes = Bytes(manifest.ToJsonString());
        (await _registry.PutManifestAsync(name, tag, bytes)).StatusCode.ShouldBe(HttpStatusCode.Created);
        return bytes;
    }

    private async Task<HttpResponseMessage> PushReferrerAsync(string name, string subject, string? artifactType)
    {
        await _registry.PushBlobAsync(name, Config);
        var manifest = JsonNode.Parse(Manifest(Config))!;
        manifest["subject"] = new JsonObject { ["mediaType"] = OciManifest, ["digest"] = subject, ["size"] = 1 };
        manifest["annotations"] = new JsonObject { ["k"] = "v" };
        if (artifactType is not null)
        {
            manifest["artifactType"] = artifactType;
        }

        var bytes = Bytes(manifest.ToJsonString());
        return await _registry.PutManifestAsync(name, Digest(bytes), bytes);
    }

    private async Task<HttpStatusCode> DeleteAsync(string path)
    {
        using var answer = await _registry.DeleteAsync(path);
        return answer.StatusCode;
    }

    private async Task<HttpStatusCode> GetAsync(string path)
    {
        using var answer = await _registry.GetAsync(path);
        return answer.StatusCode;
    }

    private async Task<string[]> TagsAsync(string name) =>
        [.. JsonNode.Parse(await _registry.GetStringAsync($"/v2/{name}/tags/list"))!["tags"]!.AsArray().Select(tag => (string)tag!)];
}
