using Preheat.Images;
using Preheat.Models;
using Preheat.Tests.Models;

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
        SampleModel.Write(_folder["model"]);
        await using var proxy = new CuttingProxy(registry.Address, bytes);
        var endpoints = registry.Endpoints with
        {
            Registries = new Dictionary<string, Uri>(registry.Endpoints.Registries, StringComparer.OrdinalIgnoreCase) { ["local-docker.pkg.dev"] = proxy.Address },
        };
        var snapshot = await ModelResolver.ResolveAsync(ModelReference.Parse($"file://{_folder["model"]}"), endpoints, null, new RecordedEvents(), TimeProvider.System, default);
        using var source = ModelSources.Open(snapshot, endpoints, null, TimeProvider.System);
        var image = await Baker.BakeAsync(
            new BakeRequest
            {
                Model = snapshot,
                Source = source,
                BaseImage = DebianRegistry.BaseImage,
                DockerfilePath = Recipe.Path,
                Repository = $"local-docker.pkg.dev/p/r/cut-{bytes}",
                Tag = "v1",
                Region = "local",
            },
            endpoints,
            new RecordedEvents(),
            TimeProvider.System,
            default);

        proxy.Cuts.ShouldBe(1);
        // Copying reads every blob and checks its digest.
        await DebianTool.RunAsync("skopeo", "copy", "--preserve-digests", "--src-tls-verify=false", $"docker://{registry.Address}/p/r/cut-{bytes}@{image.Digest}", $"oci:{_folder["layout"]}:t");
    }
}
