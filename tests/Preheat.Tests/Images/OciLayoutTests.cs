using Preheat.Images;
using Preheat.Tests.Models;

namespace Preheat.Tests.Images;

/// <summary>Images in a directory, for sites that no registry reaches.</summary>
public sealed class OciLayoutTests(DebianRegistry registry) : IClassFixture<DebianRegistry>, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordedEvents _events = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Skopeo_brings_it_to_a_registry_with_the_digest_that_baking_there_gives()
    {
        var inLayout = await BakeAsync("layout");
        inLayout.InLayout.ShouldBeTrue();
        var direct = await SampleBake.RunAsync(registry, _folder, _events, "direct");
        inLayout.Digest.ShouldBe(direct.Digest);
        await DebianTool.RunAsync("skopeo", "copy", "--preserve-digests", "--dest-tls-verify=false", $"oci:{_folder["image"]}:v1", $"docker://{registry.Address}/p/r/carried:v1");

        using var client = new RegistryClient("local-docker.pkg.dev", registry.Endpoints, TimeProvider.System);
        (await client.GetManifestAsync("p/r/carried", "v1", default)).Digest.ToString().ShouldBe(direct.Digest);
    }

    [Fact]
    public async Task Umoci_unpacks_it()
    {
        await BakeAsync("unpacked");
        await DebianTool.RunAsync("umoci", "unpack", "--rootless", "--image", $"{_folder["image"]}:v1", _folder["bundle"]);

        foreach (var path in SampleModel.Needed)
            (await File.ReadAllBytesAsync(_folder[$"bundle/rootfs/models/model/{path}"])).ShouldBe(SampleModel.Files()[path], path);
    }

    [Fact]
    public async Task A_finished_blob_is_not_written_again_and_leftovers_of_a_killed_run_go()
    {
        var first = await BakeAsync("again");
        var blob = Directory.GetFiles(_folder["image/blobs/sha256"]).MaxBy(path => new FileInfo(path).Length)!;
        var written = File.GetLastWriteTimeUtc(blob);
        await File.WriteAllTextAsync(_folder["image/blobs/sha256/upload-0"], "half");
        var second = await BakeAsync("again");

        second.Digest.ShouldBe(first.Digest);
        File.GetLastWriteTimeUtc(blob).ShouldBe(written);
        File.Exists(_folder["image/blobs/sha256/upload-0"]).ShouldBeFalse();
        _events.All.OfType<Preheat.Runs.Note>().Last(note => note.Text.Contains("model layers")).Text.ShouldStartWith("0 of 3 model layers sent");
    }

    [Fact]
    public async Task An_image_whose_manifest_is_damaged_is_not_there()
    {
        var image = await BakeAsync("damaged");
        (await ServingImages.ExistsInLayoutAsync(image, _folder["image"], TimeProvider.System, default)).ShouldBeTrue();
        var path = _folder[$"image/blobs/sha256/{image.Digest["sha256:".Length..]}"];
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);

        (await ServingImages.ExistsInLayoutAsync(image, _folder["image"], TimeProvider.System, default)).ShouldBeFalse();
    }

    private Task<ServingImage> BakeAsync(string name) =>
        SampleBake.RunAsync(registry, _folder, _events, name, request => request with { LayoutDirectory = _folder["image"] });
}
