using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Faults;
using Preheat.LocalCloud.Hub;
using Preheat.LocalCloud.Tests.Hosting;

namespace Preheat.LocalCloud.Tests.Hub;

public sealed class HubTests(CloudFixture fixture) : IClassFixture<CloudFixture>
{
    private const string Model = "preheat/tiny-gemma-2";
    private readonly HttpClient _hub = fixture.Gateway;

    [Fact]
    public async Task Resolves_main_to_a_commit()
    {
        var info = await JsonAsync($"/hub/api/models/{Model}/revision/main");
        var commit = (string)info["sha"]!;
        commit.ShouldMatch("^[0-9a-f]{40}$");
        ((string)info["id"]!).ShouldBe(Model);
        ((bool)info["gated"]!).ShouldBeFalse();
        ((string)info["cardData"]!["license"]!).ShouldBe("apache-2.0");
        info["siblings"]!.AsArray().Select(file => (string)file!["rfilename"]!).ShouldContain("model-00004-of-00004.safetensors");
        foreach (var name in new[] { commit, "HEAD" })
        {
            ((string)(await JsonAsync($"/hub/api/models/{Model}/revision/{name}"))["sha"]!).ShouldBe(commit);
        }
    }

    [Fact]
    public async Task Lists_large_files_with_the_hash_of_their_content()
    {
        var shard = (await JsonAsync($"/hub/api/models/{Model}/tree/main?recursive=true")).AsArray()
            .Single(entry => (string)entry!["path"]! == "model-00002-of-00004.safetensors")!;
        var content = await DownloadAsync("model-00002-of-00004.safetensors");
        ((string)shard["type"]!).ShouldBe("file");
        ((long)shard["size"]!).ShouldBe(content.Length);
        ((string)shard["lfs"]!["oid"]!).ShouldBe(Convert.ToHexStringLower(SHA256.HashData(content)));
        ((long)shard["lfs"]!["size"]!).ShouldBe(content.Length);
    }

    [Fact]
    public async Task Names_small_files_as_git_does()
    {
        var entry = (await JsonAsync($"/hub/api/models/{Model}/tree/main")).AsArray().Single(item => (string)item!["path"]! == "config.json")!;
        using var answer = await _hub.GetAsync($"/hub/{Model}/resolve/main/config.json");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var content = await answer.Content.ReadAsByteArrayAsync();
        var git = Convert.ToHexStringLower(SHA1.HashData([.. System.Text.Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));
        ((string)entry["oid"]!).ShouldBe(git);
        entry["lfs"].ShouldBeNull();
        answer.Headers.ETag!.Tag.ShouldBe($"\"{git}\"");
    }

    [Fact]
    public async Task Redirects_to_a_large_file_and_tells_its_hash_and_size_on_the_way()
    {
        using var answer = await _hub.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/hub/{Model}/resolve/main/model-00001-of-00004.safetensors"));
        answer.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        answer.Headers.GetValues("X-Repo-Commit").Single().ShouldMatch("^[0-9a-f]{40}$");
        answer.Headers.GetValues("X-Linked-Etag").Single().ShouldMatch("^\"[0-9a-f]{64}\"$");
        var size = long.Parse(answer.Headers.GetValues("X-Linked-Size").Single(), System.Globalization.CultureInfo.InvariantCulture);
        answer.Headers.Location!.IsAbsoluteUri.ShouldBeTrue();
        using var target = await _hub.SendAsync(new HttpRequestMessage(HttpMethod.Head, answer.Headers.Location));
        target.Content.Headers.ContentLength.ShouldBe(size);
    }

    [Fact]
    public async Task Gives_a_range_only_of_the_version_that_the_client_has()
    {
        using var redirect = await _hub.GetAsync($"/hub/{Model}/resolve/main/model-00003-of-00004.safetensors");
        var etag = redirect.Headers.GetValues("X-Linked-Etag").Single();
        async Task<HttpResponseMessage> Ask(string condition)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, redirect.Headers.Location);
            request.Headers.Range = new RangeHeaderValue(0, 7);
            request.Headers.IfRange = RangeConditionHeaderValue.Parse(condition);
            return await _hub.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        }

        using var same = await Ask(etag);
        same.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        (await same.Content.ReadAsByteArrayAsync()).Length.ShouldBe(8);
        using var other = await Ask("\"other\"");
        other.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Says_not_modified_to_who_has_it()
    {
        using var first = await _hub.GetAsync($"/hub/{Model}/resolve/main/config.json");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/hub/{Model}/resolve/main/config.json");
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        (await _hub.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.NotModified);
    }

    [Theory]
    [InlineData("/hub/api/models/preheat/none/revision/main", null, 401, "RepoNotFound")]
    [InlineData("/hub/api/models/preheat/none/revision/main", "hf_x", 404, "RepoNotFound")]
    [InlineData($"/hub/api/models/{Model}/revision/v9", null, 404, "RevisionNotFound")]
    [InlineData($"/hub/{Model}/resolve/main/none.json", null, 404, "EntryNotFound")]
    [InlineData($"/hub/{Model}/resolve/v9/config.json", null, 404, "RevisionNotFound")]
    [InlineData($"/hub/{Model}/resolve/main/../../../kubeconfig", null, 404, null)]
    public async Task Says_what_is_not_there_as_the_real_hub_does(string path, string? token, int status, string? code)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        using var answer = await _hub.SendAsync(request);
        ((int)answer.StatusCode).ShouldBe(status);
        answer.Headers.TryGetValues("X-Error-Code", out var codes).ShouldBe(code is not null);
        codes?.Single().ShouldBe(code);
    }

    [Fact]
    public async Task Opens_a_gated_repository_only_with_its_token()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["config.json"], "{}");
        fixture.Cloud.Hub.Publish("acme/gated", folder.Path, requiredToken: "hf_right");
        async Task<(int, string?)> Ask(string? token)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/hub/acme/gated/resolve/main/config.json");
            request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
            using var answer = await _hub.SendAsync(request);
            return ((int)answer.StatusCode, answer.Headers.TryGetValues("X-Error-Code", out var code) ? code.Single() : null);
        }

        (await Ask(null)).ShouldBe((401, "GatedRepo"));
        (await Ask("hf_wrong")).ShouldBe((403, "GatedRepo"));
        (await Ask("hf_right")).ShouldBe((200, null));
        ((string)(await JsonAsync("/hub/api/models/acme/gated"))["gated"]!).ShouldBe("manual");
    }

    [Theory]
    [InlineData(null, 401, "GatedRepo")]
    [InlineData("hf_somebody", 403, "GatedRepo")]
    [InlineData("sk-not-a-token", 401, null)]
    [InlineData(HubAccess.DemoToken, 200, null)]
    public async Task The_gated_model_opens_to_the_documented_token_only(string? token, int status, string? code)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/hub/preheat/tiny-gemma-2-gated/resolve/main/config.json");
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        using var answer = await _hub.SendAsync(request);
        ((int)answer.StatusCode).ShouldBe(status);
        (answer.Headers.TryGetValues("X-Error-Code", out var codes) ? codes.Single() : null).ShouldBe(code);
        // What there is may be known to all; only the content is behind the terms.
        ((string)(await JsonAsync("/hub/api/models/preheat/tiny-gemma-2-gated"))["gated"]!).ShouldBe("manual");
    }

    [Fact]
    public async Task Lists_long_repositories_in_pages_that_link_to_the_next()
    {
        var all = await PathsAsync($"/hub/api/models/{Model}/tree/main?recursive=true");
        var seen = new List<string>();
        var page = $"/hub/api/models/{Model}/tree/main?recursive=true&limit=4";
        for (var pages = 1; ; pages++)
        {
            using var answer = await _hub.GetAsync(page);
            var paths = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsArray().Select(entry => (string)entry!["path"]!).ToList();
            paths.Count.ShouldBeLessThanOrEqualTo(4);
            seen.AddRange(paths);
            if (!answer.Headers.TryGetValues("Link", out var links))
            {
                pages.ShouldBe((all.Length + 3) / 4);
                break;
            }

            var link = links.Single();
            link.ShouldEndWith(">; rel=\"next\"");
            page = link[1..link.IndexOf('>', StringComparison.Ordinal)];
        }

        seen.ShouldBe(all);
        ((int)(await _hub.GetAsync($"/hub/api/models/{Model}/tree/main?cursor=nonsense")).StatusCode).ShouldBe(400);
    }

    [Fact]
    public async Task Names_the_Xet_hash_of_large_files_and_serves_them_through_the_bridge()
    {
        using var answer = await _hub.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/hub/{Model}/resolve/main/model-00001-of-00004.safetensors"));
        var hash = answer.Headers.GetValues("X-Xet-Hash").Single();
        hash.ShouldMatch("^[0-9a-f]{64}$");
        hash.ShouldNotBe(answer.Headers.GetValues("X-Linked-Etag").Single().Trim('"'));
        answer.Headers.GetValues("Link").Single().ShouldMatch("<[^>]+/xet-read-token/[0-9a-f]{40}>; rel=\"xet-auth\", <[^>]+/v1/reconstructions/[0-9a-f]{64}>; rel=\"xet-reconstruction-info\"");
        var shard = (await JsonAsync($"/hub/api/models/{Model}/tree/main")).AsArray().Single(entry => (string)entry!["path"]! == "model-00001-of-00004.safetensors")!;
        ((string)shard["xetHash"]!).ShouldBe(hash);
        using var small = await _hub.GetAsync($"/hub/{Model}/resolve/main/config.json");
        small.Headers.Contains("X-Xet-Hash").ShouldBeFalse();
    }

    [Theory]
    [InlineData("bytes=0-0", 206, "bytes 0-0/")]
    [InlineData("bytes=-5", 206, null)]
    [InlineData("bytes=5-2", 200, null)]
    [InlineData("bytes=99999999999-", 416, "bytes */")]
    [InlineData("bytes=0-1,5-6", 200, null)]
    public async Task Answers_ranges_exactly(string range, int status, string? contentRange)
    {
        var all = await _hub.GetByteArrayAsync($"/hub/{Model}/resolve/main/config.json");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/hub/{Model}/resolve/main/config.json");
        request.Headers.TryAddWithoutValidation("Range", range).ShouldBeTrue();
        using var answer = await _hub.SendAsync(request);
        ((int)answer.StatusCode).ShouldBe(status);
        var content = await answer.Content.ReadAsByteArrayAsync();
        content.ShouldBe(range switch { "bytes=0-0" => all[..1], "bytes=-5" => all[^5..], _ => status == 200 ? all : [] });
        if (contentRange is not null)
            answer.Content.Headers.GetValues("Content-Range").Single().ShouldBe(contentRange + all.Length);
        using var head = await _hub.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/hub/{Model}/resolve/main/config.json"));
        head.Content.Headers.ContentLength.ShouldBe(all.Length);
        (await head.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_changed_file_is_a_new_commit()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["sub"]);
        await File.WriteAllTextAsync(folder["sub/a.txt"], "one");
        var first = fixture.Cloud.Hub.Publish("acme/changing", folder.Path);
        await File.WriteAllTextAsync(folder["sub/a.txt"], "two");
        var second = fixture.Cloud.Hub.Publish("acme/changing", folder.Path);
        second.ShouldNotBe(first);
        ((string)(await JsonAsync("/hub/api/models/acme/changing"))["sha"]!).ShouldBe(second);
        (await PathsAsync("/hub/api/models/acme/changing/tree/main")).ShouldBe(["sub"]);
        (await PathsAsync("/hub/api/models/acme/changing/tree/main?recursive=true")).ShouldBe(["sub", "sub/a.txt"]);
        (await PathsAsync("/hub/api/models/acme/changing/tree/main/sub")).ShouldBe(["sub/a.txt"]);
    }

    [Fact]
    public async Task The_fault_script_hits_as_often_as_it_says()
    {
        const string Path = "/hub/api/models/preheat/tiny-gemma-2/revision/faults";
        fixture.Cloud.Faults.Add(new FaultRule { Prefix = Path, Status = 429, Headers = new Dictionary<string, string> { ["Retry-After"] = "7" }, Times = 2 });
        for (var i = 0; i < 2; i++)
        {
            using var hit = await _hub.GetAsync(Path);
            ((int)hit.StatusCode).ShouldBe(429);
            hit.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(7));
        }

        ((int)(await _hub.GetAsync(Path)).StatusCode).ShouldBe(404);
    }

    [Fact]
    public async Task A_dropped_connection_cuts_the_body_short()
    {
        using var redirect = await _hub.GetAsync($"/hub/{Model}/resolve/main/model-00004-of-00004.safetensors");
        fixture.Cloud.Faults.Add(new FaultRule { Prefix = redirect.Headers.Location!.AbsolutePath, DropAfterBytes = 100_000 });
        await Should.ThrowAsync<HttpRequestException>(() => _hub.GetByteArrayAsync(redirect.Headers.Location));
        (await _hub.GetByteArrayAsync(redirect.Headers.Location)).Length.ShouldBeGreaterThan(100_000);
    }

    private async Task<string[]> PathsAsync(string path) => [.. (await JsonAsync(path)).AsArray().Select(entry => (string)entry!["path"]!)];

    private async Task<JsonNode> JsonAsync(string path) => JsonNode.Parse(await _hub.GetStringAsync(path))!;

    private async Task<byte[]> DownloadAsync(string file)
    {
        using var redirect = await _hub.GetAsync($"/hub/{Model}/resolve/main/{file}");
        return await _hub.GetByteArrayAsync(redirect.Headers.Location);
    }
}
