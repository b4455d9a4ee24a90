using System.Net;
using System.Net.Http.Headers;
using Preheat.LocalCloud.Tests.Hosting;
using static Preheat.LocalCloud.Tests.Registry.RegistryClient;

namespace Preheat.LocalCloud.Tests.Registry;

public sealed class BlobTests(CloudFixture fixture) : IClassFixture<CloudFixture>
{
    private readonly HttpClient _registry = fixture.Registry;

    [Fact]
    public async Task Answers_the_version_check()
    {
        using var answer = await _registry.GetAsync("/v2/");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Headers.GetValues("Docker-Distribution-Api-Version").ShouldBe(["registry/2.0"]);
    }

    [Fact]
    public async Task Takes_a_blob_by_POST_and_PUT_and_gives_it_back()
    {
        var content = Bytes("one blob");
        var digest = await _registry.PushBlobAsync("p/r/put", content);
        using var answer = await _registry.GetAsync($"/v2/p/r/put/blobs/{digest}");
        (await answer.Content.ReadAsByteArrayAsync()).ShouldBe(content);
        answer.Headers.GetValues("Docker-Content-Digest").ShouldBe([digest]);
    }

    [Fact]
    public async Task Takes_a_blob_in_one_POST()
    {
        var content = Bytes("posted");
        using var answer = await _registry.PostAsync($"/v2/p/r/post/blobs/uploads/?digest={Digest(content)}", new ByteArrayContent(content));
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        (await _registry.GetByteArrayAsync(answer.Headers.Location)).ShouldBe(content);
    }

    [Fact]
    public async Task Takes_one_streamed_PATCH_and_an_empty_PUT()
    {
        var content = new byte[3_000_001];
        new Random(1).NextBytes(content);
        var location = await _registry.BeginAsync("p/r/patch");
        using var request = new HttpRequestMessage(HttpMethod.Patch, location) { Content = new StreamContent(new MemoryStream(content)) };
        request.Headers.TransferEncodingChunked = true;
        using var patched = await _registry.SendAsync(request);
        patched.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        patched.Headers.GetValues("Range").ShouldBe(["0-3000000"]);

        using var closed = await _registry.PutAsync($"{patched.Headers.Location}?digest={Digest(content)}", null);
        closed.StatusCode.ShouldBe(HttpStatusCode.Created);
        (await _registry.GetByteArrayAsync(closed.Headers.Location)).ShouldBe(content);
    }

    [Fact]
    public async Task Refuses_a_second_PATCH_as_Artifact_Registry_does()
    {
        var location = await _registry.BeginAsync("p/r/chunks");
        (await _registry.PatchAsync(location, new ByteArrayContent([1, 2]))).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        using var second = await _registry.PatchAsync(location, new ByteArrayContent([3]));
        second.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await second.ErrorAsync()).Code.ShouldBe("UNSUPPORTED");
    }

    [Fact]
    public async Task Refuses_content_whose_digest_differs()
    {
        var location = await _registry.BeginAsync("p/r/wrong");
        using var answer = await _registry.PutAsync($"{location}?digest={Digest([9])}", new ByteArrayContent([1]));
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.ErrorAsync()).Code.ShouldBe("DIGEST_INVALID");
        (await _registry.GetAsync($"/v2/p/r/wrong/blobs/{Digest([1])}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("sha256:abc")]
    [InlineData("md5:00000000000000000000000000000000")]
    public async Task Refuses_what_is_not_a_digest(string digest)
    {
        using var answer = await _registry.GetAsync($"/v2/p/r/x/blobs/{digest}");
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.ErrorAsync()).Code.ShouldBe("DIGEST_INVALID");
    }

    [Theory]
    [InlineData("/v2/Upper/x/tags/list")]
    [InlineData("/v2/_under/x/tags/list")]
    [InlineData("/v2/a/_blobs/tags/list")]
    public async Task Refuses_what_is_not_a_name(string path)
    {
        using var answer = await _registry.GetAsync(path);
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.ErrorAsync()).Code.ShouldBe("NAME_INVALID");
    }

    [Fact]
    public async Task Shows_a_blob_only_in_the_repositories_it_was_pushed_or_mounted_to()
    {
        var digest = await _registry.PushBlobAsync("p/r/source", Bytes("shared"));
        (await _registry.GetAsync($"/v2/p/r/target/blobs/{digest}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        using var mounted = await _registry.PostAsync($"/v2/p/r/target/blobs/uploads/?mount={digest}&from=p/r/source", null);
        mounted.StatusCode.ShouldBe(HttpStatusCode.Created);
        (await _registry.GetStringAsync($"/v2/p/r/target/blobs/{digest}")).ShouldBe("shared");
    }

    [Fact]
    public async Task Opens_an_upload_when_the_blob_to_mount_is_not_in_the_named_repository()
    {
        var digest = await _registry.PushBlobAsync("p/r/elsewhere", Bytes("not there"));
        using var answer = await _registry.PostAsync($"/v2/p/r/target2/blobs/uploads/?mount={digest}&from=p/r/empty", null);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        answer.Headers.Location.ShouldNotBeNull();
    }

    [Fact]
    public async Task Tells_and_cancels_an_upload()
    {
        var location = await _registry.BeginAsync("p/r/cancel");
        (await _registry.PatchAsync(location, new ByteArrayContent([1, 2, 3]))).Dispose();
        using var status = await _registry.GetAsync(location);
        status.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        status.Headers.GetValues("Range").ShouldBe(["0-2"]);

        (await _registry.DeleteAsync(location)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        using var gone = await _registry.PutAsync($"{location}?digest={Digest([1, 2, 3])}", null);
        gone.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await gone.ErrorAsync()).Code.ShouldBe("BLOB_UPLOAD_UNKNOWN");
    }

    [Theory]
    [InlineData("bytes=2-4", "cde", "bytes 2-4/8")]
    [InlineData("bytes=6-", "gh", "bytes 6-7/8")]
    [InlineData("bytes=-3", "fgh", "bytes 5-7/8")]
    [InlineData("bytes=5-99", "fgh", "bytes 5-7/8")]
    public async Task Gives_ranges(string range, string expected, string contentRange)
    {
        var digest = await _registry.PushBlobAsync("p/r/range", Bytes("abcdefgh"));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v2/p/r/range/blobs/{digest}");
        request.Headers.Range = RangeHeaderValue.Parse(range);
        using var answer = await _registry.SendAsync(request);
        answer.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        answer.Content.Headers.ContentRange!.ToString().ShouldBe(contentRange);
        (await answer.Content.ReadAsStringAsync()).ShouldBe(expected);
    }

    [Fact]
    public async Task Refuses_a_range_behind_the_end()
    {
        var digest = await _registry.PushBlobAsync("p/r/range", Bytes("abcdefgh"));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v2/p/r/range/blobs/{digest}");
        request.Headers.Range = new RangeHeaderValue(8, null);
        using var answer = await _registry.SendAsync(request);
        answer.StatusCode.ShouldBe(HttpStatusCode.RequestedRangeNotSatisfiable);
        answer.Content.Headers.ContentRange!.ToString().ShouldBe("bytes */8");
    }

    [Fact]
    public async Task Tells_the_size_of_a_blob_without_its_content()
    {
        var digest = await _registry.PushBlobAsync("p/r/head", Bytes("12345"));
        using var answer = await _registry.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/v2/p/r/head/blobs/{digest}"));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentLength.ShouldBe(5);
    }
}
