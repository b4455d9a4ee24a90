using System.Text.Json.Nodes;
using Preheat.Images;
using Preheat.LocalCloud.Faults;
using Preheat.LocalCloud.Hub;
using Preheat.Models;

namespace Preheat.Tests.Images;

/// <summary>The default run: the built-in model onto the built-in server image, hub and registry of the embedded cloud.</summary>
public sealed class EmbeddedCloudBakeTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordedEvents _events = new();
    private EmbeddedCloud _cloud = null!;
    private CloudEndpoints _endpoints = null!;

    public async Task InitializeAsync()
    {
        _cloud = await EmbeddedCloud.StartAsync(_folder["cloud"]);
        _endpoints = _cloud.Endpoints;
    }

    public async Task DisposeAsync()
    {
        await _cloud.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Bakes_the_built_in_model_and_bakes_it_again_without_sending_a_byte()
    {
        var snapshot = await ResolveAsync();
        snapshot.Architecture.ShouldBe("Gemma2ForCausalLM");
        snapshot.DType.ShouldBe("BF16");
        snapshot.WeightBytes.ShouldBe(2 * snapshot.Parameters);

        var first = await BakeAsync(snapshot);
        first.ModelPath.ShouldBe("/models/tiny-gemma-2");
        (await ServingImages.ExistsAsync(first, _endpoints, TimeProvider.System, default)).ShouldBeTrue();
        _cloud.Host.Images.Find(first.Reference).ShouldNotBeNull().Digest.ShouldBe(first.Digest);

        _cloud.Host.Faults.Add(new FaultRule { Prefix = "/hub/", Status = 500, Times = 0 });
        _cloud.Host.Faults.Add(new FaultRule { Prefix = "/v2/", Method = "PATCH", Status = 500, Times = 0 });
        _cloud.Host.Faults.Add(new FaultRule { Prefix = "/v2/", Method = "PUT", Status = 500, Times = 0 });
        (await BakeAsync(snapshot)).ShouldBe(first);
    }

    [Fact]
    public async Task Faults_of_hub_and_registry_are_ridden_out()
    {
        _cloud.Host.Faults.Add(new FaultRule { Prefix = "/hub/", Status = 503 });
        _cloud.Host.Faults.Add(new FaultRule { Prefix = "/hub/", Status = 429, Headers = new Dictionary<string, string> { ["Retry-After"] = "0" } });
        _cloud.Host.Faults.Add(new FaultRule { Prefix = "/hub/preheat/tiny-gemma-2/resolve", DropAfterBytes = 5_000_000 });
        _cloud.Host.Faults.Add(new FaultRule { Prefix = "/v2/", Method = "PATCH", Status = 500 });
        _cloud.Host.Faults.Add(new FaultRule { Prefix = "/v2/", Method = "PATCH", DropAfterBytes = 0 });
        _cloud.Host.Faults.Add(new FaultRule { Prefix = "/v2/", Method = "PUT", Status = 502 });
        var image = await BakeAsync(await ResolveAsync());

        var raw = JsonNode.Parse(await DebianTool.RunAsync(
            "skopeo", "inspect", "--raw", "--tls-verify=false", $"docker://{_cloud.Host.Endpoint.Registry.Authority}/p/r/tiny@{image.Digest}"))!;
        raw["layers"]!.AsArray().Count.ShouldBe(image.Layers);
        var layout = _folder["layout"];
        // Copying reads every blob and checks its digest.
        await DebianTool.RunAsync("skopeo", "copy", "--preserve-digests", "--src-tls-verify=false", $"docker://{_cloud.Host.Endpoint.Registry.Authority}/p/r/tiny@{image.Digest}", $"oci:{layout}:t");
    }

    // distribution-spec v1.1, spec.md#listing-referrers: the embedded registry lists them itself, so no tag does. The fallback is ProvenanceTests' subject.
    [Fact]
    public async Task The_registry_lists_the_images_bill_of_materials_and_provenance()
    {
        var snapshot = await ResolveAsync();
        var image = await BakeAsync(snapshot);
        (await ReferrersAsync(image, null)).Select(entry => (string)entry!["artifactType"]!).Order(StringComparer.Ordinal).ShouldBe([MediaTypes.CycloneDx, MediaTypes.InToto]);
        foreach (var type in new[] { MediaTypes.CycloneDx, MediaTypes.InToto })
        {
            var entry = (await ReferrersAsync(image, type)).ShouldHaveSingleItem()!;
            using var client = new RegistryClient("local-docker.pkg.dev", _endpoints, TimeProvider.System);
            var manifest = ManifestJson.Read<ImageManifest>((await client.GetManifestAsync("p/r/tiny", (string)entry["digest"]!, default)).Bytes.Span, "the referrer");
            manifest.Subject!.Digest.ToString().ShouldBe(image.Digest);
            var content = JsonNode.Parse(await client.ReadBlobAsync("p/r/tiny", manifest.Layers.Single(), 1 << 20, default))!;
            (content["bomFormat"] ?? content["_type"]).ShouldNotBeNull();
            (await client.ListTagsAsync("p/r/tiny", default)).ShouldBe(["v1"]);
        }
        (await BakeAsync(snapshot)).Digest.ShouldBe(image.Digest);
        (await ReferrersAsync(image, null)).Count.ShouldBe(2);
        (await ReferrersAsync(image, "application/vnd.example.signature")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_missing_model_and_a_missing_revision_are_told_apart()
    {
        (await Should.ThrowAsync<UserException>(() => ResolveAsync("hf://preheat/nothing"))).Message.ShouldContain("no public model preheat/nothing");
        (await Should.ThrowAsync<UserException>(() => ResolveAsync("hf://preheat/tiny-gemma-2@nowhere"))).Message.ShouldContain("has no revision 'nowhere'");
    }

    [Theory]
    [InlineData(null, "is gated. Open")]
    [InlineData("hf_somebody", "the token's account may not read it")]
    [InlineData("not-a-token", "refuses the token (401)")]
    public async Task A_gated_model_says_what_to_do(string? token, string message)
    {
        var error = await Should.ThrowAsync<UserException>(() => ResolveAsync("hf://preheat/tiny-gemma-2-gated", token));
        error.ExitCode.ShouldBe(2);
        error.Message.ShouldContain(message);
        if (token is not null)
            error.Message.ShouldNotContain(token);
    }

    [Fact]
    public async Task A_gated_model_opens_to_the_account_that_has_accepted_its_terms()
    {
        var snapshot = await ResolveAsync("hf://preheat/tiny-gemma-2-gated", HubAccess.DemoToken);
        snapshot.License.ShouldBe("gemma");
        snapshot.Name.ShouldBe("preheat/tiny-gemma-2-gated");
    }

    [Theory]
    [InlineData(401, "docker login")]
    [InlineData(403, "read and write access")]
    [InlineData(404, "(404)")]
    public async Task A_registry_that_refuses_is_a_mistake_of_the_user(int status, string message)
    {
        var snapshot = await ResolveAsync();
        _cloud.Host.Faults.Add(new FaultRule { Prefix = "/v2/vllm/", Status = status, Times = 0 });
        var error = await Should.ThrowAsync<UserException>(() => BakeAsync(snapshot));

        error.ExitCode.ShouldBe(2);
        error.Message.ShouldContain("docker.io");
        error.Message.ShouldContain("vllm/vllm-openai");
        error.Message.ShouldContain(message);
    }

    private Task<ModelSnapshot> ResolveAsync(string reference = "hf://preheat/tiny-gemma-2", string? token = null) =>
        ModelResolver.ResolveAsync(ModelReference.Parse(reference), _endpoints, token is null ? null : new Secret(token), _events, TimeProvider.System, default);

    private async Task<JsonArray> ReferrersAsync(ServingImage image, string? type)
    {
        using var http = new HttpClient { BaseAddress = _cloud.Host.Endpoint.Registry };
        var filter = type is null ? "" : $"?artifactType={Uri.EscapeDataString(type)}";
        return JsonNode.Parse(await http.GetStringAsync($"v2/p/r/tiny/referrers/{image.Digest}{filter}"))!["manifests"]!.AsArray();
    }

    private async Task<ServingImage> BakeAsync(ModelSnapshot snapshot)
    {
        using var source = ModelSources.Open(snapshot, _endpoints, null, TimeProvider.System);
        return await Baker.BakeAsync(
            new BakeRequest
            {
                Model = snapshot,
                Source = source,
                BaseImage = "vllm/vllm-openai:v0.11.1",
                DockerfilePath = Recipe.Path,
                Repository = "local-docker.pkg.dev/p/r/tiny",
                Tag = "v1",
                Region = "local",
            },
            _endpoints,
            _events,
            TimeProvider.System,
            default);
    }
}
