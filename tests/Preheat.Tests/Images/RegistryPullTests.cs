using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Preheat.Images;

namespace Preheat.Tests.Images;

/// <summary>What a client must do when it pulls: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pull, rule by rule.</summary>
public sealed class RegistryPullTests
{
    private static readonly byte[] Manifest = "{}"u8.ToArray();

    // spec.md#pulling-manifests: "The client SHOULD include an Accept header indicating which manifest content types it supports."
    [Fact]
    public async Task Says_at_each_question_for_a_manifest_which_types_it_reads()
    {
        var accepted = new List<string>();
        await using var registry = await ScriptedRegistry.StartAsync(context =>
        {
            accepted.Add(string.Join(',', context.Request.Headers.Accept.ToArray()).Replace(" ", "", StringComparison.Ordinal));
            return false;
        });
        registry.Manifests["v1"] = (MediaTypes.OciManifest, Manifest);
        using var client = registry.Client();
        await client.GetManifestAsync("a/b", "v1", default);
        await client.HasManifestAsync("a/b", "v1", default);
        accepted.ShouldAllBe(header => header == string.Join(',', MediaTypes.Manifests));
        accepted.Count.ShouldBe(2);
    }

    // spec.md#pulling-manifests: "The client SHOULD ignore parameters on the Content-Type header."
    [Theory]
    [InlineData(MediaTypes.OciManifest)]
    [InlineData(MediaTypes.OciIndex)]
    [InlineData(MediaTypes.DockerManifest)]
    [InlineData(MediaTypes.DockerIndex)]
    public async Task Reads_each_type_with_or_without_parameters(string type)
    {
        await using var registry = await ScriptedRegistry.StartAsync();
        registry.Manifests["v1"] = (type + "; charset=utf-8", Manifest);
        using var client = registry.Client();
        (await client.GetManifestAsync("a/b", "v1", default)).MediaType.ShouldBe(type);
    }

    // spec.md#pulling-manifests: "clients SHOULD reject unless the mediaType field's value matches the type specified by the Content-Type header."
    [Theory]
    [InlineData(MediaTypes.OciManifest, true)]
    [InlineData(MediaTypes.OciIndex, false)]
    public async Task Refuses_a_manifest_that_calls_itself_something_else(string own, bool taken)
    {
        await using var registry = await ScriptedRegistry.StartAsync();
        registry.Manifests["v1"] = (MediaTypes.OciManifest, Encoding.UTF8.GetBytes($$"""{"mediaType":"{{own}}"}"""));
        using var client = registry.Client();
        if (taken)
            await client.GetManifestAsync("a/b", "v1", default);
        else
            (await Should.ThrowAsync<UserException>(() => client.GetManifestAsync("a/b", "v1", default))).Message.ShouldContain("calls itself");
    }

    // spec.md#pulling-manifests: Docker-Content-Digest may be of another algorithm than the reference; spec.md#content-digests names sha512.
    [Theory]
    [InlineData("sha256", true, true)]
    [InlineData("sha256", false, false)]
    [InlineData("sha512", true, true)]
    [InlineData("sha512", false, false)]
    [InlineData("blake3", false, true)]
    public async Task Checks_the_stated_digest_in_its_own_algorithm(string algorithm, bool right, bool taken)
    {
        var hash = algorithm == "sha512" ? SHA512.HashData(Manifest) : SHA256.HashData(Manifest);
        if (!right)
            hash[0] ^= 1;
        await using var registry = await ScriptedRegistry.StartAsync(context =>
        {
            context.Response.Headers["Docker-Content-Digest"] = $"{algorithm}:{Convert.ToHexStringLower(hash)}";
            return false;
        });
        registry.Manifests["v1"] = (MediaTypes.OciManifest, Manifest);
        using var client = registry.Client();
        if (taken)
            (await client.GetManifestAsync("a/b", "v1", default)).Digest.ShouldBe(Digest.Of(Manifest));
        else
            (await Should.ThrowAsync<PreheatException>(() => client.GetManifestAsync("a/b", "v1", default))).Message.ShouldContain("damaged on the way");
    }

    // spec.md#pushing-manifests: a manifest of 4 MiB is to be expected, and a limit above it.
    [Theory]
    [InlineData(4 << 20, true)]
    [InlineData((4 << 20) + 1, false)]
    public async Task Reads_manifests_up_to_4_MiB(int size, bool taken)
    {
        var manifest = new byte[size];
        manifest.AsSpan().Fill((byte)' ');
        "{}"u8.CopyTo(manifest);
        await using var registry = await ScriptedRegistry.StartAsync();
        registry.Manifests["v1"] = (MediaTypes.OciManifest, manifest);
        using var client = registry.Client();
        if (taken)
            (await client.GetManifestAsync("a/b", "v1", default)).Bytes.Length.ShouldBe(size);
        else
            (await Should.ThrowAsync<PreheatException>(() => client.GetManifestAsync("a/b", "v1", default))).Message.ShouldContain("longer than the 4,194,304 bytes");
    }

    // spec.md#checking-if-content-exists-in-the-registry: 200 or 404 to HEAD.
    [Fact]
    public async Task Asks_with_HEAD_whether_content_is_there()
    {
        await using var registry = await ScriptedRegistry.StartAsync();
        registry.Manifests["v1"] = (MediaTypes.OciManifest, Manifest);
        registry.Blobs[Digest.Of("blob"u8).ToString()] = "blob"u8.ToArray();
        using var client = registry.Client();
        (await client.HasManifestAsync("a/b", "v1", default)).ShouldBeTrue();
        (await client.HasManifestAsync("a/b", "v2", default)).ShouldBeFalse();
        (await client.HasBlobAsync("a/b", Digest.Of("blob"u8), 4, default)).ShouldBeTrue();
        (await client.HasBlobAsync("a/b", Digest.Of("none"u8), 4, default)).ShouldBeFalse();
        // Half a blob of a damaged store is none.
        (await client.HasBlobAsync("a/b", Digest.Of("blob"u8), 5, default)).ShouldBeFalse();
        registry.Log.ShouldAllBe(line => line.StartsWith("HEAD "));
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task A_refusal_is_not_taken_for_absence(int status)
    {
        await using var registry = await ScriptedRegistry.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return true;
        });
        using var client = registry.Client();
        await Should.ThrowAsync<UserException>(() => client.HasManifestAsync("a/b", "v1", default));
        await Should.ThrowAsync<UserException>(() => client.HasBlobAsync("a/b", Digest.Of([]), 0, default));
        await Should.ThrowAsync<UserException>(() => client.FindManifestAsync("a/b", "v1", default));
    }

    // spec.md#pulling-blobs: "a GET … SHOULD … 200 or a redirect (307)"; other redirects are of RFC 9110, section 15.4.
    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Follows_redirects_of_a_blob(int status)
    {
        var blob = "blob"u8.ToArray();
        await using var registry = await ScriptedRegistry.StartAsync(context =>
        {
            if (context.Request.Path == "/cdn/blobs/stored")
                return false;
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "/cdn/blobs/stored";
            return true;
        });
        registry.Blobs["stored"] = blob;
        using var client = registry.Client();
        (await client.ReadBlobAsync("a/b", new Descriptor { MediaType = MediaTypes.OciConfig, Digest = Digest.Of(blob), Size = 4 }, 100, default)).ShouldBe(blob);
    }

    [Fact]
    public async Task Ends_a_chain_of_redirects()
    {
        await using var registry = await ScriptedRegistry.StartAsync(context =>
        {
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = context.Request.Path + "x";
            return true;
        });
        using var client = registry.Client();
        (await Should.ThrowAsync<PreheatException>(() => client.HasBlobAsync("a/b", Digest.Of([]), 0, default))).Message.ShouldContain("redirected 10 times");
    }

    [Fact]
    public async Task A_blob_that_breaks_off_is_no_blob()
    {
        var blob = "a blob of some bytes"u8.ToArray();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registry = await ScriptedRegistry.StartAsync(async context =>
        {
            context.Response.ContentLength = blob.Length;
            await context.Response.Body.WriteAsync(blob.AsMemory(0, 5));
            await context.Response.Body.FlushAsync();
            await begun.Task;
            context.Abort();
            return true;
        });
        using var client = registry.Client();
        await using var stream = await client.OpenBlobAsync("a/b", new Descriptor { MediaType = MediaTypes.OciConfig, Digest = Digest.Of(blob), Size = blob.Length }, default);
        begun.SetResult();
        await Should.ThrowAsync<IOException>(() => stream.CopyToAsync(Stream.Null));
    }

    // image-spec image-index.md: an index may name an index; descriptor.md: content of another size than the descriptor's is not to be trusted.
    [Theory]
    [InlineData(1, 0, null)]
    [InlineData(3, 0, null)]
    [InlineData(5, 0, "more than 4 deep")]
    [InlineData(1, 1, "where its index says")]
    public async Task Finds_the_image_in_an_index_of_indexes_of_the_sizes_they_state(int depth, int lie, string? message)
    {
        await using var registry = await ScriptedRegistry.StartAsync();
        var config = "{}"u8.ToArray();
        registry.Blobs[Digest.Of(config).ToString()] = config;
        var bytes = ManifestJson.Write(new ImageManifest { Config = new Descriptor { MediaType = MediaTypes.OciConfig, Digest = Digest.Of(config), Size = 2 }, Layers = [] });
        var (image, type) = (Digest.Of(bytes), MediaTypes.OciManifest);
        for (var i = 0; i < depth; i++)
        {
            registry.Manifests[Digest.Of(bytes).ToString()] = (type, bytes);
            var entry = new Descriptor { MediaType = type, Digest = Digest.Of(bytes), Size = bytes.Length + lie, Platform = new Platform { Os = "linux", Architecture = "amd64" } };
            (type, bytes) = (MediaTypes.OciIndex, ManifestJson.Write(new ImageIndex { Manifests = [entry] }));
        }
        registry.Manifests["v1"] = (type, bytes);
        using var client = registry.Client();
        var pull = BaseImage.PullAsync(client, ImageReference.Parse("reg.example/a/b:v1"), ImagePlatform.Default, default);
        if (message is null)
            (await pull).Reference.Digest.ShouldBe(image);
        else
            (await Should.ThrowAsync<PreheatException>(() => pull)).Message.ShouldContain(message);
    }
}
