using System.Text.Json.Nodes;
using Preheat.Images;
using Preheat.LocalCloud.Faults;
using Preheat.Runs;

namespace Preheat.Tests.Images;

/// <summary>Mirrors from Debian's docker-registry into the embedded one, and inside each.</summary>
public sealed class MirrorTests(DebianRegistry debian) : IClassFixture<DebianRegistry>, IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordedEvents _events = new();
    private EmbeddedCloud _cloud = null!;
    private CloudEndpoints _endpoints = null!;

    public async Task InitializeAsync()
    {
        _cloud = await EmbeddedCloud.StartAsync(_folder["cloud"]);
        _endpoints = _cloud.Endpoints with
        {
            Registries = new Dictionary<string, Uri>(_cloud.Endpoints.Registries, StringComparer.OrdinalIgnoreCase) { ["docker.io"] = new($"http://{debian.Address}/") },
        };
    }

    public async Task DisposeAsync()
    {
        await _cloud.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Streams_every_blob_to_another_registry_and_keeps_the_digest()
    {
        var image = await CopyAsync(_endpoints);

        var original = await DigestAsync($"{debian.Address}/{DebianRegistry.BaseImage}");
        image.Digest.ShouldBe(original);
        image.Reference.ShouldBe($"local-docker.pkg.dev/p/r/served@{original}");
        image.BaseImage.ShouldBe($"docker.io/acme/server@{original}");
        image.ModelPath.ShouldBeNull();
        image.Layers.ShouldBe(2);
        Notes().ShouldContain(note => note.Contains("3 of 3 blobs copied"));
        // Copying reads every blob and checks its digest.
        await DebianTool.RunAsync("skopeo", "copy", "--preserve-digests", "--src-tls-verify=false", $"docker://{_cloud.Host.Endpoint.Registry.Authority}/p/r/served@{image.Digest}", $"oci:{_folder["layout"]}:t");
    }

    [Fact]
    public async Task Sends_nothing_that_is_there()
    {
        var first = await CopyAsync(_endpoints);
        _cloud.Host.Faults.Add(new FaultRule { Prefix = "/v2/", Method = "POST", Status = 500, Times = 0 });
        _cloud.Host.Faults.Add(new FaultRule { Prefix = "/v2/", Method = "PUT", Status = 500, Times = 0 });

        (await CopyAsync(_endpoints)).ShouldBe(first);
    }

    [Fact]
    public async Task Mounts_inside_one_registry()
    {
        await CopyAsync(debian.Endpoints, repository: "mounted");
        Notes().ShouldContain(note => note.Contains("0 of 3 blobs copied"));
        (await DigestAsync($"{debian.Address}/p/r/mounted:latest")).ShouldBe(await DigestAsync($"{debian.Address}/{DebianRegistry.BaseImage}"));
    }

    [Fact]
    public async Task A_connection_that_breaks_leaves_no_image_or_the_right_one()
    {
        _cloud.Host.Faults.Add(new FaultRule { Prefix = "/v2/", Method = "PUT", DropAfterBytes = 0 });
        var image = await CopyAsync(_endpoints);
        image.Digest.ShouldBe(await DigestAsync($"{_cloud.Host.Endpoint.Registry.Authority}/p/r/served:latest"));

        _cloud.Host.Faults.Add(new FaultRule { Prefix = "/v2/p/r/never", Method = "PUT", Status = 403, Times = 0 });
        await Should.ThrowAsync<UserException>(() => CopyAsync(_endpoints, repository: "never"));
        _cloud.Host.Faults.Clear();
        using var client = new RegistryClient("local-docker.pkg.dev", _endpoints, TimeProvider.System);
        (await client.FindManifestAsync("p/r/never", "latest", default)).ShouldBeNull();
    }

    [Fact]
    public async Task An_image_is_stale_when_its_base_images_tag_has_moved()
    {
        const string tag = "acme/moving:1";
        await RetagAsync(DebianRegistry.BaseImage, tag, null);
        var image = await CopyAsync(_endpoints, tag);
        (await IsCurrentAsync(image, tag)).ShouldBeTrue();

        await RetagAsync(DebianRegistry.BaseImage, tag, "LABEL=moved");
        (await IsCurrentAsync(image, tag)).ShouldBeFalse();
        // A digest does not move.
        (await IsCurrentAsync(image, image.BaseImage)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_registry_of_base_images_that_is_down_makes_nothing_stale()
    {
        var image = await CopyAsync(_endpoints);
        var registries = new Dictionary<string, Uri>(_endpoints.Registries, StringComparer.OrdinalIgnoreCase) { ["docker.io"] = new("http://127.0.0.1:1/") };
        (await ServingImages.IsCurrentAsync(image, DebianRegistry.BaseImage, _endpoints with { Registries = registries }, _events, TimeProvider.System, default)).ShouldBeTrue();
        _events.All.OfType<Warning>().ShouldHaveSingleItem().Text.ShouldContain("is not known");
    }

    private IEnumerable<string> Notes() => _events.All.OfType<Note>().Select(note => note.Text);

    private Task<bool> IsCurrentAsync(ServingImage image, string baseImage) =>
        ServingImages.IsCurrentAsync(image, baseImage, _endpoints, _events, TimeProvider.System, default);

    private Task<ServingImage> CopyAsync(CloudEndpoints endpoints, string baseImage = DebianRegistry.BaseImage, string repository = "served") => Mirror.CopyAsync(
        new MirrorRequest { BaseImage = baseImage, Repository = $"local-docker.pkg.dev/p/r/{repository}", Tag = "latest", Region = "local" },
        endpoints,
        _events,
        TimeProvider.System,
        default);

    private static async Task<string> DigestAsync(string image) =>
        JsonNode.Parse(await DebianTool.RunAsync("skopeo", "inspect", "--tls-verify=false", $"docker://{image}"))!["Digest"]!.GetValue<string>();

    private async Task RetagAsync(string from, string to, string? label)
    {
        var layout = _folder["retag"];
        await DebianTool.RunAsync("skopeo", "copy", "--src-tls-verify=false", $"docker://{debian.Address}/{from}", $"oci:{layout}:t");
        if (label is not null)
            await DebianTool.RunAsync("umoci", "config", "--image", $"{layout}:t", "--config.label", label);
        await DebianTool.RunAsync("skopeo", "copy", "--dest-tls-verify=false", $"oci:{layout}:t", $"docker://{debian.Address}/{to}");
    }
}
