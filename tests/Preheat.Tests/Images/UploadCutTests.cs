using Preheat.Images;

namespace Preheat.Tests.Images;

/// <summary>Connections cut at many points of a bake: the image that results is right.</summary>
public sealed class UploadCutTests(DebianRegistry registry) : IClassFixture<DebianRegistry>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(900)]
    [InlineData(3_000)]
    [InlineData(100_000)]
    [InlineData(1_500_000)]
    [InlineData(1_600_000)]
    [InlineData(3_100_000)]
    [InlineData(3_160_000)]
    public async Task A_connection_cut_after_some_bytes_leaves_the_right_image(long bytes)
    {
        await using var proxy = new CuttingProxy(registry.Address, bytes);
        var endpoints = registry.Endpoints with
        {
            Registries = new Dictionary<string, Uri>(registry.Endpoints.Registries, StringComparer.OrdinalIgnoreCase) { ["local-docker.pkg.dev"] = proxy.Address },
        };
        var image = await SampleBake.RunAsync(registry, _folder, new RecordedEvents(), $"cut-{bytes}", endpoints: endpoints);

        proxy.Cuts.ShouldBe(1);
        // Copying reads every blob and checks its digest.
        await DebianTool.RunAsync("skopeo", "copy", "--preserve-digests", "--src-tls-verify=false", $"docker://{registry.Address}/p/r/cut-{bytes}@{image.Digest}", $"oci:{_folder["layout"]}:t");
    }

    /// <summary>In sixteenths of all that a bake sends, then so many bytes before its end: mounts, uploads, config, manifest, referrers and their index.</summary>
    [Theory]
    [InlineData(1, 0)]
    [InlineData(4, 0)]
    [InlineData(8, 0)]
    [InlineData(12, 0)]
    [InlineData(16, 12_000)]
    [InlineData(16, 9_000)]
    [InlineData(16, 7_000)]
    [InlineData(16, 5_000)]
    [InlineData(16, 3_500)]
    [InlineData(16, 2_000)]
    [InlineData(16, 1_000)]
    // Not one byte: docker-registry's upload addresses carry a time whose length differs from run to run.
    [InlineData(16, 100)]
    public async Task A_connection_cut_in_any_phase_leaves_the_right_image_with_its_referrers(int sixteenths, int before)
    {
        var events = new RecordedEvents();
        await using var whole = new CuttingProxy(registry.Address, long.MaxValue);
        var right = await SampleBake.RunAsync(registry, _folder, events, $"whole-{sixteenths}-{before}", endpoints: Through(whole));
        var name = $"phase-{sixteenths}-{before}";
        await using var proxy = new CuttingProxy(registry.Address, whole.Passed * sixteenths / 16 - before);
        var image = await SampleBake.RunAsync(registry, _folder, events, name, endpoints: Through(proxy));

        proxy.Cuts.ShouldBe(1);
        image.Digest.ShouldBe(right.Digest);
        await DebianTool.RunAsync("skopeo", "copy", "--preserve-digests", "--src-tls-verify=false", $"docker://{registry.Address}/p/r/{name}@{image.Digest}", $"oci:{_folder["layout"]}:t");
        using var client = new RegistryClient("local-docker.pkg.dev", registry.Endpoints, TimeProvider.System);
        var referrers = await client.GetManifestAsync($"p/r/{name}", $"sha256-{image.Digest["sha256:".Length..]}", default);
        ManifestJson.Read<ImageIndex>(referrers.Bytes.Span, "the index").Manifests.Count.ShouldBe(2);
    }

    /// <summary>Base image and target behind one address, so that layers are mounted.</summary>
    private CloudEndpoints Through(CuttingProxy proxy) => registry.Endpoints with
    {
        Registries = new Dictionary<string, Uri>(StringComparer.OrdinalIgnoreCase) { ["local-docker.pkg.dev"] = proxy.Address, ["docker.io"] = proxy.Address },
    };
}
