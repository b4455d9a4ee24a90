using System.Text;
using Preheat.Images;

namespace Preheat.Tests.Images;

/// <summary>Pulls what other tools have pushed into Debian's registry.</summary>
public sealed class BaseImageTests(DebianRegistry registry) : IClassFixture<DebianRegistry>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Reads_what_buildah_built_and_pushed_in_Dockers_format()
    {
        await File.WriteAllTextAsync(_folder["Dockerfile"], "FROM scratch\nCOPY file /\nENV A=1\n");
        await File.WriteAllTextAsync(_folder["file"], "content");
        string[] storage = ["--storage-driver", "vfs", "--root", _folder["root"], "--runroot", _folder["run"]];
        await DebianTool.RunAsync("buildah", [.. storage, "bud", "--isolation", "chroot", "--format", "docker", "-t", "x", _folder.Path]);
        await DebianTool.RunAsync("buildah", [.. storage, "push", "--tls-verify=false", "x", $"docker://{registry.Address}/built/x:1"]);

        using var client = Client();
        var image = await BaseImage.PullAsync(client, ImageReference.Parse("docker.io/built/x:1"), ImagePlatform.Default, default);
        image.Manifest.Layers.ShouldHaveSingleItem().MediaType.ShouldBe(MediaTypes.DockerLayerGzip);
        MediaTypes.OciLayerType(image.Manifest.Layers[0].MediaType).ShouldBe(MediaTypes.OciLayerGzip);
        image.ReadConfig()["config"]!["Env"]!.AsArray().Select(item => item!.GetValue<string>()).ShouldContain("A=1");
    }

    [Fact]
    public async Task Of_an_index_it_takes_the_image_for_linux_amd64()
    {
        using var client = Client();
        var image = await client.GetManifestAsync("acme/server", "1", default);
        await PutIndexAsync(client, "two", ("arm64", Digest.Of("{}"u8), 2), ("amd64", image.Digest, image.Bytes.Length));

        (await BaseImage.PullAsync(client, ImageReference.Parse("acme/server:two"), ImagePlatform.Default, default)).Reference.Digest.ShouldBe(image.Digest);
    }

    [Fact]
    public async Task An_index_without_that_platform_is_said_so()
    {
        using var client = Client();
        var image = await client.GetManifestAsync("acme/server", "1", default);
        await PutIndexAsync(client, "arm", ("arm64", image.Digest, image.Bytes.Length));

        (await Should.ThrowAsync<UserException>(() => BaseImage.PullAsync(client, ImageReference.Parse("acme/server:arm"), ImagePlatform.Default, default))).Message.ShouldContain("it has linux/arm64");
    }

    [Fact]
    public async Task An_image_without_index_that_is_made_for_another_platform_is_said_so()
    {
        using var client = Client();
        (await Should.ThrowAsync<UserException>(() => BaseImage.PullAsync(client, ImageReference.Parse("acme/server:1"), ImagePlatform.Parse("linux/arm64"), default)))
            .Message.ShouldContain("is made for linux/amd64, not for linux/arm64. Name its platform with --image-platform");
    }

    private static async Task PutIndexAsync(RegistryClient client, string tag, params (string Architecture, Digest Digest, long Size)[] entries)
    {
        foreach (var entry in entries.Where(entry => entry.Size == 2))
        {
            // Debian's registry wants every manifest that an index names: an empty one stands for the other platform.
            var config = "{}"u8.ToArray();
            await client.Uploads.PushAsync("acme/server", config, default);
            var other = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","config":{"mediaType":"{{MediaTypes.OciConfig}}","digest":"{{Digest.Of(config)}}","size":2},"layers":[]}""");
            await client.Uploads.PutManifestAsync("acme/server", "other", MediaTypes.OciManifest, other, default);
            entries[Array.IndexOf(entries, entry)] = (entry.Architecture, Digest.Of(other), other.Length);
        }
        var index = ManifestJson.Write(new ImageIndex
        {
            MediaType = MediaTypes.OciIndex,
            Manifests = [.. entries.Select(entry => new Descriptor
            {
                MediaType = MediaTypes.OciManifest,
                Digest = entry.Digest,
                Size = entry.Size,
                Platform = new Platform { Architecture = entry.Architecture, Os = "linux" },
            })],
        });
        await client.Uploads.PutManifestAsync("acme/server", tag, MediaTypes.OciIndex, index, default);
    }

    private RegistryClient Client() => new("docker.io", registry.Endpoints, TimeProvider.System);
}
