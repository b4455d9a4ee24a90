using Microsoft.AspNetCore.Http;
using Preheat.Models;

namespace Preheat.Tests.Models;

public sealed class HubClientTests : IAsyncLifetime
{
    private FakeHub _hub = null!;

    public async Task InitializeAsync() => _hub = await FakeHub.StartAsync();

    public async Task DisposeAsync() => await _hub.DisposeAsync();

    [Fact]
    public async Task Pins_the_revision_and_lists_all_pages()
    {
        var snapshot = await ResolveAsync();

        snapshot.Revision.ShouldBe(FakeHub.Commit);
        snapshot.License.ShouldBe("apache-2.0");
        snapshot.Name.ShouldBe(FakeHub.Id);
        snapshot.Files.Select(file => file.Path).ShouldBe(SampleModel.Needed);
        var shard = snapshot.Files.Single(file => file.Path == SampleModel.FirstShard);
        shard.Sha256.ShouldBe(SampleModel.Sha256(_hub.Files[SampleModel.FirstShard]));
        snapshot.Files.Single(file => file.Path == "config.json").Identity.ShouldBe("git:" + SampleModel.GitBlobId(_hub.Files["config.json"]));
        _hub.Requests.Count(line => line.Contains("/tree/")).ShouldBe(3);
    }

    [Fact]
    public async Task Reads_only_the_header_of_each_shard()
    {
        var asked = new System.Collections.Concurrent.ConcurrentBag<string>();
        _hub.StorageFault = context =>
        {
            if (context.Request.Path.Value!.Contains(".safetensors") && !context.Request.Path.Value.Contains("index"))
                asked.Add(context.Request.Headers.Range.ToString());
            return Task.FromResult(false);
        };
        await ResolveAsync();

        asked.ShouldBe(["bytes=0-7", "bytes=0-7", "bytes=8-142", "bytes=8-142"], ignoreOrder: true);
    }

    [Fact]
    public async Task Sends_the_token_to_the_hub_and_never_to_the_storage_it_redirects_to()
    {
        await ResolveAsync(new Secret("hf_test"));

        _hub.Requests.ShouldAllBe(line => line.EndsWith(" token"));
        _hub.StorageRequests.ShouldNotBeEmpty();
        _hub.StorageRequests.ShouldAllBe(line => !line.EndsWith(" token"));
    }

    [Fact]
    public async Task Tries_again_after_an_answer_of_429()
    {
        var first = 1;
        _hub.Fault = context =>
        {
            if (Interlocked.Exchange(ref first, 0) == 0)
                return Task.FromResult(false);
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "0";
            return Task.FromResult(true);
        };
        (await ResolveAsync()).Revision.ShouldBe(FakeHub.Commit);
    }

    [Theory]
    [InlineData("Retry-After", "0", 2)]
    [InlineData("RateLimit", "\"pages\";r=99;t=300, \"resolvers\";r=0;t=0", 2)]
    [InlineData("Retry-After", "3600", 1)]
    [InlineData("RateLimit", "\"api\";r=0;t=400", 1)]
    public async Task Waits_as_long_as_the_hub_asks_and_gives_up_where_that_is_too_long(string header, string value, int tries)
    {
        _hub.Fault = context =>
        {
            if (_hub.Requests.Count > 1)
                return Task.FromResult(false);
            context.Response.StatusCode = 429;
            context.Response.Headers[header] = value;
            return Task.FromResult(true);
        };
        if (tries > 1)
        {
            (await ResolveAsync()).Revision.ShouldBe(FakeHub.Commit);
            return;
        }
        var error = await Should.ThrowAsync<PreheatException>(() => ResolveAsync());
        _hub.Requests.Count.ShouldBe(1);
        error.ExitCode.ShouldBe(1);
        error.Message.ShouldContain(header == "RateLimit" ? "Wait 6 min 40 s" : "Wait 1 h 0 min");
        error.Message.ShouldContain("--hf-token");
    }

    [Fact]
    public async Task Reads_Xet_backed_files_through_the_redirect()
    {
        _hub.Fault = context =>
        {
            // What the hub adds for files in Xet storage; its Link header is no page.
            context.Response.Headers["X-Xet-Hash"] = new string('a', 64);
            if (context.Request.Path.Value!.Contains("/resolve/"))
                context.Response.Headers.Link = $"<{_hub.Address}/api/models/{FakeHub.Id}/xet-read-token/{FakeHub.Commit}>; rel=\"xet-auth\", <https://cas-server.invalid/v1/reconstructions/aa>; rel=\"xet-reconstruction-info\"";
            return Task.FromResult(false);
        };
        (await ResolveAsync()).Parameters.ShouldBe(4L * SampleModel.Elements);
        _hub.Requests.ShouldNotContain(line => line.Contains("xet-read-token"));
    }

    [Fact]
    public void A_token_is_not_sent_where_anybody_on_the_way_could_read_it()
    {
        var said = new List<string>();
        using var hub = new HubClient(new Uri("http://hub.example/"), new Secret("hf_test"), TimeProvider.System, said.Add);
        said.Single().ShouldContain("not sent to hub.example");
        using var safe = new HubClient(new Uri("https://hub.example/"), new Secret("hf_test"), TimeProvider.System, said.Add);
        said.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(401, "RepoNotFound", true, "refuses the token (401)")]
    [InlineData(404, "RepoNotFound", false, "There is no public model acme/sample")]
    [InlineData(401, "RepoNotFound", false, "if it is private, pass a token with --hf-token or HF_TOKEN")]
    [InlineData(404, "RepoNotFound", true, "that the token may see")]
    [InlineData(404, "RevisionNotFound", false, "has no revision 'main'")]
    [InlineData(401, "GatedRepo", false, "accept its terms, and pass a token")]
    [InlineData(403, "GatedRepo", true, "the token's account may not read it")]
    [InlineData(401, null, false, "wants a token (401)")]
    [InlineData(401, null, true, "refuses the token (401)")]
    [InlineData(403, null, true, "forbids acme/sample (403)")]
    [InlineData(404, null, false, "(404)")]
    public async Task Tells_refusals_apart(int status, string? code, bool withToken, string message)
    {
        _hub.Refuse(status, code);
        var error = await Should.ThrowAsync<UserException>(() => ResolveAsync(withToken ? new Secret("hf_test") : null));

        error.ExitCode.ShouldBe(2);
        error.Message.ShouldContain(message);
        error.Message.ShouldNotContain("hf_test");
    }

    [Fact]
    public async Task Names_the_file_that_is_gone()
    {
        _hub.Fault = context =>
        {
            if (!context.Request.Path.Value!.EndsWith("config.json", StringComparison.Ordinal))
                return Task.FromResult(false);
            context.Response.StatusCode = 404;
            context.Response.Headers["X-Error-Code"] = "EntryNotFound";
            return Task.FromResult(true);
        };
        (await Should.ThrowAsync<UserException>(() => ResolveAsync())).Message.ShouldContain("has no file");
    }

    [Fact]
    public async Task Refuses_paths_that_would_leave_the_folder()
    {
        _hub.Files["../../etc/passwd"] = [1];
        (await Should.ThrowAsync<UserException>(() => ResolveAsync())).Message.ShouldContain("unsafe path");
    }

    [Fact]
    public async Task Refuses_pages_that_lead_to_another_host()
    {
        _hub.Fault = context =>
        {
            if (!context.Request.Path.Value!.Contains("/tree/"))
                return Task.FromResult(false);
            context.Response.Headers.Link = "<http://localhost:9/api>; rel=\"next\"";
            context.Response.ContentType = "application/json";
            context.Response.StatusCode = 200;
            return WriteAsync(context, "[]");
        };
        (await Should.ThrowAsync<PreheatException>(() => ResolveAsync())).Message.ShouldContain("another host (localhost)");
    }

    [Fact]
    public async Task Names_the_host_that_does_not_resolve()
    {
        var endpoints = new CloudEndpoints { Hub = new Uri("https://hub.invalid/") };
        var error = await Should.ThrowAsync<UserException>(
            () => ModelResolver.ResolveAsync(ModelReference.Parse($"hf://{FakeHub.Id}"), endpoints, null, new RecordedEvents(), TimeProvider.System, default));
        error.Message.ShouldContain("hub.invalid");
    }

    private static async Task<bool> WriteAsync(HttpContext context, string body)
    {
        await context.Response.WriteAsync(body);
        return true;
    }

    private Task<ModelSnapshot> ResolveAsync(Secret? token = null) =>
        ModelResolver.ResolveAsync(ModelReference.Parse($"hf://{FakeHub.Id}"), _hub.Endpoints, token, new RecordedEvents(), TimeProvider.System, default);
}
