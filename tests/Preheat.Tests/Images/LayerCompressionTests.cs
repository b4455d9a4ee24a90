using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Preheat.Images;

namespace Preheat.Tests.Images;

/// <summary>Compressed layers, looked at with Debian's programs.</summary>
public sealed class LayerCompressionTests(DebianRegistry registry) : IClassFixture<DebianRegistry>, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordedEvents _events = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(LayerCompression.Gzip, "gzip")]
    [InlineData(LayerCompression.Zstd, "zstd")]
    public async Task Layers_unpack_to_the_diff_ids_that_the_config_lists(LayerCompression compression, string program)
    {
        var image = await BakeAsync($"diff-{program}", compression);

        var manifest = await InspectAsync($"diff-{program}", image, "--raw");
        var config = await InspectAsync($"diff-{program}", image, "--config");
        var diffIds = config["rootfs"]!["diff_ids"]!.AsArray().Select(id => id!.GetValue<string>()).ToList();
        var layers = manifest["layers"]!.AsArray();
        for (var i = 2; i < layers.Count; i++)
        {
            layers[i]!["mediaType"]!.GetValue<string>().ShouldBe($"application/vnd.oci.image.layer.v1.tar+{program}");
            var blob = registry.BlobPath(layers[i]!["digest"]!.GetValue<string>()["sha256:".Length..]);
            new FileInfo(blob).Length.ShouldBe(layers[i]!["size"]!.GetValue<long>());
            File.Copy(blob, _folder[$"{i}.{program}"]);
            var tar = _folder[$"{i}.tar"];
            await DebianTool.RunAsync("sh", "-c", $"{program} -dc '{_folder[$"{i}.{program}"]}' > '{tar}'");
            await using var stream = File.OpenRead(tar);
            ("sha256:" + Convert.ToHexStringLower(await SHA256.HashDataAsync(stream))).ShouldBe(diffIds[i]);
        }
    }

    [Fact]
    public async Task The_same_model_is_not_sent_again_and_another_compression_is()
    {
        var first = await BakeAsync("again", LayerCompression.Gzip);
        var second = await BakeAsync("again", LayerCompression.Gzip);
        Sent().ShouldStartWith("0 of 3");
        second.Digest.ShouldBe(first.Digest);

        var plain = await BakeAsync("again", LayerCompression.None);
        Sent().ShouldStartWith("3 of 3");
        plain.Digest.ShouldNotBe(first.Digest);
    }

    [Fact]
    public async Task One_frame_of_zstd_holds_any_pieces()
    {
        var random = new Random(7);
        using var written = new MemoryStream();
        var path = _folder["pieces.zst"];
        await using (var file = File.Create(path))
        await using (var zstd = new ZstdStream(file))
        {
            foreach (var length in new[] { 0, 1, 300_000, 17, 1 << 20 })
            {
                var piece = new byte[length];
                random.NextBytes(piece.AsSpan(0, length / 2));
                written.Write(piece);
                await zstd.WriteAsync(piece);
            }
        }
        await DebianTool.RunAsync("zstd", "-dq", path, "-o", _folder["pieces"]);
        (await File.ReadAllBytesAsync(_folder["pieces"])).ShouldBe(written.ToArray());
    }

    private string Sent() => _events.All.OfType<Preheat.Runs.Note>().Last(note => note.Text.Contains("model layers")).Text;

    private async Task<JsonNode> InspectAsync(string name, ServingImage image, string what) =>
        JsonNode.Parse(await DebianTool.RunAsync("skopeo", "inspect", what, "--tls-verify=false", $"docker://{registry.Address}/p/r/{name}@{image.Digest}"))!;

    private Task<ServingImage> BakeAsync(string name, LayerCompression compression) =>
        SampleBake.RunAsync(registry, _folder, _events, name, request => request with { Compression = compression });
}
