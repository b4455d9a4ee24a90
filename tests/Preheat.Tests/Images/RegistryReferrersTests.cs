using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.Images;

namespace Preheat.Tests.Images;

/// <summary>Where a referrer is listed: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pushing-manifests-with-subject, #referrers-tag-schema.</summary>
public sealed class RegistryReferrersTests
{
    private static readonly Descriptor Subject = new() { MediaType = MediaTypes.OciManifest, Digest = Digest.Of("the image"u8), Size = 9 };
    private static readonly byte[] Manifest = ManifestJson.Write(new ImageManifest
    {
        MediaType = MediaTypes.OciManifest,
        ArtifactType = MediaTypes.CycloneDx,
        Config = new Descriptor { MediaType = MediaTypes.OciEmpty, Digest = Digest.Of("{}"u8), Size = 2 },
        Layers = [],
        Subject = Subject,
    });

    private static readonly Descriptor Referrer = new() { MediaType = MediaTypes.OciManifest, Digest = Digest.Of(Manifest), Size = Manifest.Length, ArtifactType = MediaTypes.CycloneDx };
    private static readonly string Tag = $"sha256-{Subject.Digest.Hex}";

    // "to indicate to the client that the registry processed the request's subject": nothing is left to do.
    [Fact]
    public async Task A_registry_that_answers_with_OCI_Subject_lists_it_by_itself()
    {
        await using var registry = await ScriptedRegistry.StartAsync(context =>
        {
            if (context.Request.Method == "PUT")
                context.Response.Headers["OCI-Subject"] = Subject.Digest.ToString();
            return false;
        });
        await AttachAsync(registry);
        registry.Log.ShouldBe([$"HEAD /v2/a/b/manifests/{Referrer.Digest}", $"PUT /v2/a/b/manifests/{Referrer.Digest}"]);
    }

    // #listing-referrers: 200 with an index, empty or not, says that the API is there.
    [Theory]
    [InlineData(200, MediaTypes.OciIndex, false)]
    [InlineData(200, "text/html", true)]
    [InlineData(404, MediaTypes.OciIndex, true)]
    [InlineData(400, "application/json", true)]
    [InlineData(405, "application/json", true)]
    public async Task Without_that_answer_and_without_the_API_the_list_stands_under_the_fallback_tag(int status, string type, bool tagged)
    {
        await using var registry = await ScriptedRegistry.StartAsync(async context =>
        {
            if (!context.Request.Path.Value!.Contains("/referrers/", StringComparison.Ordinal))
                return false;
            context.Response.StatusCode = status;
            context.Response.ContentType = type;
            await context.Response.WriteAsync("""{"schemaVersion":2,"manifests":[]}""");
            return true;
        });
        await AttachAsync(registry);
        registry.Manifests.ContainsKey(Tag).ShouldBe(tagged);
        if (tagged)
            Entries(registry).ShouldHaveSingleItem()!.ToJsonString().ShouldBe(System.Text.Encoding.UTF8.GetString(ManifestJson.Write(Referrer)));
    }

    [Fact]
    public async Task A_registry_that_is_down_for_now_gets_no_second_list()
    {
        await using var registry = await ScriptedRegistry.StartAsync(context =>
        {
            context.Response.StatusCode = 503;
            context.Response.Headers.RetryAfter = "0";
            return context.Request.Path.Value!.Contains("/referrers/", StringComparison.Ordinal);
        });
        (await Should.ThrowAsync<PreheatException>(() => AttachAsync(registry))).Message.ShouldContain("503");
        registry.Manifests.ShouldNotContainKey(Tag);
    }

    // "If that pull returns a manifest other than the expected image index, the client SHOULD report a failure and skip the remaining steps."
    [Fact]
    public async Task A_fallback_tag_on_something_else_is_left_alone()
    {
        await using var registry = await ScriptedRegistry.StartAsync();
        registry.Manifests[Tag] = (MediaTypes.OciManifest, Manifest);
        (await Should.ThrowAsync<UserException>(() => AttachAsync(registry))).Message.ShouldContain($"has the tag {Tag}");
        registry.Manifests[Tag].Bytes.ShouldBe(Manifest);
    }

    // "Append a descriptor for the manifest to the list": the others stay as they are, also what this program does not know of them.
    [Fact]
    public async Task What_others_have_listed_stays_to_the_last_field()
    {
        const string Others = """{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","size":7,"artifactType":"application/vnd.example.signature","data":"e30=","annotations":{"b":"2","a":"1"}}""";
        await using var registry = await ScriptedRegistry.StartAsync();
        registry.Manifests[Tag] = (MediaTypes.OciIndex, System.Text.Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[{{Others}}],"annotations":{"who":"they"} }"""));
        await AttachAsync(registry);
        Entries(registry).Select(entry => entry!.ToJsonString()).ShouldBe([System.Text.Encoding.UTF8.GetString(ManifestJson.Write(Referrer)).Replace("+", "\\u002B", StringComparison.Ordinal), Others.Replace("+", "\\u002B", StringComparison.Ordinal)], Case.Insensitive);
        ((string)JsonNode.Parse(registry.Manifests[Tag].Bytes)!["annotations"]!["who"]!).ShouldBe("they");
    }

    // "Verify the descriptor for the manifest is not already in the referrers list (duplicate entries SHOULD NOT be created)."
    [Fact]
    public async Task A_referrer_is_listed_once()
    {
        await using var registry = await ScriptedRegistry.StartAsync();
        await AttachAsync(registry);
        await AttachAsync(registry);
        Entries(registry).Count.ShouldBe(1);
        registry.Log.Count(line => line.StartsWith("PUT")).ShouldBe(2);
    }

    private static JsonArray Entries(ScriptedRegistry registry) => JsonNode.Parse(registry.Manifests[Tag].Bytes)!["manifests"]!.AsArray();

    private static async Task AttachAsync(ScriptedRegistry registry)
    {
        using var client = registry.Client();
        await new RegistryImageStore(client, "a/b").AttachAsync(Subject, Referrer, Manifest, default);
    }
}
