using Microsoft.AspNetCore.Http;
using Preheat.Images;
using Preheat.Runs;

namespace Preheat.Tests.Images;

/// <summary>Tags in pages, warnings and error bodies: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#content-discovery, #warnings, #error-codes.</summary>
public sealed class RegistryListingTests
{
    // spec.md#listing-tags: the Link header leads to the next page (RFC 8288: relative or absolute, rel as a token or a quoted list, commas in targets).
    [Theory]
    [InlineData("</v2/a/b/tags/list?last=v1&n=1>; rel=\"next\"")]
    [InlineData("<http://HOST/v2/a/b/tags/list?last=v1&n=1>; rel=\"next\"")]
    [InlineData("<?last=v1>;rel=next")]
    [InlineData("</v2/a/b/tags/list?last=v1>; title=\"x\"; REL=\"last NEXT\"")]
    [InlineData("</other>; rel=\"prev\", </v2/a/b/tags/list?last=v1&x=1,2>; rel=\"next\"")]
    public async Task Follows_the_link_to_the_next_page(string link)
    {
        await using var registry = await ScriptedRegistry.StartAsync(async context =>
        {
            var second = context.Request.Query["last"] == "v1";
            if (!second)
                context.Response.Headers.Link = link.Replace("HOST", context.Request.Host.Value, StringComparison.Ordinal);
            await context.Response.WriteAsync(second ? """{"name":"a/b","tags":["v2"]}""" : """{"name":"a/b","tags":["v1"]}""");
            return true;
        });
        using var client = registry.Client();
        (await client.ListTagsAsync("a/b", default)).ShouldBe(["v1", "v2"]);
    }

    [Theory]
    [InlineData("</v2/a/b/tags/list?last=v1>; rel=\"prev\"")]
    [InlineData("</v2/a/b/tags/list?last=v1>; title=\"next\"")]
    [InlineData("</v2/a/b/tags/list?last=v1>; rel=\"nextish\"")]
    [InlineData("<http://[bad>; rel=\"next\"")]
    [InlineData("next")]
    public async Task Without_a_next_link_the_list_is_complete(string link)
    {
        await using var registry = await TagsAsync(link);
        using var client = registry.Client();
        (await client.ListTagsAsync("a/b", default)).ShouldBe(["v1"]);
        registry.Log.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_next_page_on_another_host_is_refused()
    {
        await using var registry = await TagsAsync("<http://other.example/v2/a/b/tags/list>; rel=\"next\"");
        using var client = registry.Client();
        (await Should.ThrowAsync<PreheatException>(() => client.ListTagsAsync("a/b", default))).Message.ShouldContain("lead to other.example");
    }

    [Fact]
    public async Task Pages_that_lead_in_a_circle_end()
    {
        await using var registry = await TagsAsync("</v2/a/b/tags/list>; rel=\"next\"");
        using var client = registry.Client();
        (await client.ListTagsAsync("a/b", default)).ShouldBe(["v1"]);
    }

    [Fact]
    public async Task Pages_without_end_are_refused()
    {
        var page = 0;
        await using var registry = await ScriptedRegistry.StartAsync(async context =>
        {
            context.Response.Headers.Link = $"<?last={page++}>; rel=\"next\"";
            await context.Response.WriteAsync("{}");
            return true;
        });
        using var client = registry.Client();
        (await Should.ThrowAsync<PreheatException>(() => client.ListTagsAsync("a/b", default))).Message.ShouldContain("more than 1,000 pages");
    }

    [Fact]
    public async Task A_repository_without_tags_has_none()
    {
        await using var registry = await ScriptedRegistry.StartAsync(async context =>
        {
            await context.Response.WriteAsync("""{"name":"a/b","tags":null}""");
            return true;
        });
        using var client = registry.Client();
        (await client.ListTagsAsync("a/b", default)).ShouldBeEmpty();
    }

    // spec.md#warnings: report, once each, and take no action; warn-code 299 and warn-agent "-" only.
    [Fact]
    public async Task Reports_a_warning_once_and_goes_on()
    {
        await using var registry = await ScriptedRegistry.StartAsync(context =>
        {
            context.Response.Headers.Append("Warning", "299 - \"the tag \\\"v1\\\" goes in May\"");
            context.Response.Headers.Append("Warning", "299 - \"maintenance at night\"");
            context.Response.Headers.Append("Warning", "110 - \"a cache's\"");
            context.Response.Headers.Append("Warning", "299 proxy \"a proxy's\"");
            return false;
        });
        registry.Manifests["v1"] = (MediaTypes.OciManifest, "{}"u8.ToArray());
        var events = new RecordedEvents();
        using var client = registry.Client(events: events);
        await client.GetManifestAsync("a/b", "v1", default);
        await client.Uploads.PushAsync("a/b", "blob"u8.ToArray(), default);
        events.All.OfType<Warning>().Select(warning => warning.Text)
            .ShouldBe(["reg.example warns: the tag \"v1\" goes in May", "reg.example warns: maintenance at night"]);
    }

    // spec.md#warnings: "A registry MUST NOT send more than 4096 bytes of warning data".
    [Fact]
    public async Task Passes_over_more_warning_than_a_registry_may_send()
    {
        await using var registry = await ScriptedRegistry.StartAsync(context =>
        {
            context.Response.Headers.Append("Warning", "299 - \"short\"");
            context.Response.Headers.Append("Warning", $"299 - \"{new string('x', 4096)}\"");
            return false;
        });
        registry.Manifests["v1"] = (MediaTypes.OciManifest, "{}"u8.ToArray());
        var events = new RecordedEvents();
        using var client = registry.Client(events: events);
        await client.GetManifestAsync("a/b", "v1", default);
        events.All.OfType<Warning>().ShouldHaveSingleItem().Text.ShouldBe("reg.example warns: short");
    }

    // spec.md#error-codes: a JSON body is the rule and not a promise; an unknown code is told as it is.
    [Theory]
    [InlineData(400, """{"errors":[{"code":"SOMETHING_NEW","message":"really","detail":{"any":[1]}},{"code":"NAME_INVALID","message":"bad"}]}""", "SOMETHING_NEW: really; NAME_INVALID: bad")]
    [InlineData(404, """{"errors":[{"code":"NAME_UNKNOWN","message":"no repository"}]}""", "NAME_UNKNOWN: no repository")]
    [InlineData(413, """{"errors":[{"code":"SIZE_INVALID"}]}""", "larger than reg.example takes")]
    [InlineData(404, "<html>not found</html>", "has no manifest v1 (404)")]
    [InlineData(400, """{"errors":"none"}""", "answered 400")]
    [InlineData(400, "[]", "answered 400")]
    [InlineData(400, "", "answered 400")]
    public async Task Tells_what_the_registry_says(int status, string body, string message)
    {
        await using var registry = await ScriptedRegistry.StartAsync(async context =>
        {
            context.Response.StatusCode = status;
            await context.Response.WriteAsync(body);
            return true;
        });
        using var client = registry.Client();
        (await Should.ThrowAsync<PreheatException>(() => client.GetManifestAsync("a/b", "v1", default))).Message.ShouldContain(message);
    }

    private static Task<ScriptedRegistry> TagsAsync(string link) => ScriptedRegistry.StartAsync(async context =>
    {
        context.Response.Headers.Link = link;
        await context.Response.WriteAsync("""{"name":"a/b","tags":["v1"]}""");
        return true;
    });
}
