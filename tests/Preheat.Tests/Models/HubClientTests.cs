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
    public async Task Reads_only_the_start_of_the_weights()
    {
        var asked = new List<string>();
        _hub.StorageFault = context =>
        {
            if (context.Request.Path.Value!.Contains(".safetensors") && !context.Request.Path.Value.Contains("index"))
                asked.Add(context.Request.Headers.Range.ToString());
            return Task.FromResult(false);
        };
        await ResolveAsync();

        asked.ShouldBe(["bytes=0-262143", "bytes=0-262143"]);
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
