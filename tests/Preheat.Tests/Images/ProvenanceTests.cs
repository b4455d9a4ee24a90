using System.Text;
using System.Text.Json.Nodes;
using Preheat.Images;
using Preheat.Models;
using Preheat.Tests.Models;

namespace Preheat.Tests.Images;

/// <summary>The bill of materials and the provenance statement in a registry without a referrers API (Debian's docker-registry).</summary>
public sealed class ProvenanceTests(DebianRegistry registry) : IClassFixture<DebianRegistry>, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordedEvents _events = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_fallback_tag_lists_a_bill_of_materials_and_a_statement_about_the_image()
    {
        var image = await BakeAsync("listed");

        var referrers = await ReferrersAsync("listed", image);
        referrers.Manifests.Select(entry => entry.ArtifactType).ShouldBe(["application/vnd.cyclonedx+json", "application/vnd.in-toto+json"]);
        foreach (var entry in referrers.Manifests)
        {
            var manifest = await ManifestAsync("listed", entry.Digest.ToString());
            manifest.Subject!.Digest.ToString().ShouldBe(image.Digest);
            manifest.ArtifactType.ShouldBe(entry.ArtifactType);
            manifest.Config.Digest.ToString().ShouldBe("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
        }
    }

    [Fact]
    public async Task The_bill_of_materials_names_every_file_with_its_hash()
    {
        var image = await BakeAsync("materials");

        var bill = await ContentAsync("materials", image, MediaTypes.CycloneDx);
        bill["bomFormat"]!.GetValue<string>().ShouldBe("CycloneDX");
        bill["metadata"]!["component"]!["name"]!.GetValue<string>().ShouldBe("model");
        var files = bill["components"]!.AsArray().Where(component => component!["type"]!.GetValue<string>() == "file").ToList();
        files.Select(file => file!["name"]!.GetValue<string>()).ShouldBe(SampleModel.Needed);
        foreach (var file in files)
            file!["hashes"]![0]!["content"]!.GetValue<string>().ShouldBe(SampleModel.Sha256(SampleModel.Files()[file["name"]!.GetValue<string>()]));
    }

    [Fact]
    public async Task The_statement_is_about_the_image_and_names_base_recipe_and_files_but_no_place_of_this_machine()
    {
        var image = await BakeAsync("statement");

        var statement = await ContentAsync("statement", image, MediaTypes.InToto);
        statement["_type"]!.GetValue<string>().ShouldBe("https://in-toto.io/Statement/v1");
        ("sha256:" + statement["subject"]![0]!["digest"]!["sha256"]!.GetValue<string>()).ShouldBe(image.Digest);
        statement["predicateType"]!.GetValue<string>().ShouldBe("https://slsa.dev/provenance/v1");
        var materials = statement["predicate"]!["buildDefinition"]!["resolvedDependencies"]!.AsArray();
        image.BaseImage.ShouldEndWith(materials[0]!["digest"]!["sha256"]!.GetValue<string>());
        materials.Count.ShouldBe(1 + SampleModel.Needed.Count());
        statement.ToJsonString().ShouldNotContain(_folder["model"]);
    }

    [Fact]
    public async Task A_second_bake_adds_nothing()
    {
        var image = await BakeAsync("twice");
        var first = await IndexDigestAsync("twice", image);
        (await BakeAsync("twice")).Digest.ShouldBe(image.Digest);

        (await IndexDigestAsync("twice", image)).ShouldBe(first);
        (await ReferrersAsync("twice", image)).Manifests.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Referrers_of_others_stay_in_the_list()
    {
        var image = await BakeAsync("others");
        using var client = Client();
        var tag = $"sha256-{image.Digest["sha256:".Length..]}";
        var own = await ReferrersAsync("others", image);
        // Somebody's signature took the place of the list that was there.
        var signature = ManifestJson.Write(await ManifestAsync("others", own.Manifests[0].Digest.ToString()) with { ArtifactType = "application/vnd.example.signature" });
        var digest = await client.Uploads.PutManifestAsync("p/r/others", Digest.Of(signature).ToString(), MediaTypes.OciManifest, signature, default);
        var theirs = new Descriptor { MediaType = MediaTypes.OciManifest, Digest = digest, Size = signature.Length, ArtifactType = "application/vnd.example.signature" };
        await client.Uploads.PutManifestAsync("p/r/others", tag, MediaTypes.OciIndex, ManifestJson.Write(new ImageIndex { MediaType = MediaTypes.OciIndex, Manifests = [theirs] }), default);
        await BakeAsync("others");

        (await ReferrersAsync("others", image)).Manifests.Select(entry => entry.ArtifactType)
            .ShouldBe(["application/vnd.cyclonedx+json", "application/vnd.example.signature", "application/vnd.in-toto+json"]);
    }

    private RegistryClient Client() => new("local-docker.pkg.dev", registry.Endpoints, TimeProvider.System);

    private async Task<Digest> IndexDigestAsync(string name, ServingImage image)
    {
        using var client = Client();
        return (await client.GetManifestAsync($"p/r/{name}", $"sha256-{image.Digest["sha256:".Length..]}", default)).Digest;
    }

    private async Task<ImageIndex> ReferrersAsync(string name, ServingImage image)
    {
        using var client = Client();
        var content = await client.GetManifestAsync($"p/r/{name}", $"sha256-{image.Digest["sha256:".Length..]}", default);
        content.MediaType.ShouldBe(MediaTypes.OciIndex);
        return ManifestJson.Read<ImageIndex>(content.Bytes.Span, "the index");
    }

    private async Task<ImageManifest> ManifestAsync(string name, string digest)
    {
        using var client = Client();
        return ManifestJson.Read<ImageManifest>((await client.GetManifestAsync($"p/r/{name}", digest, default)).Bytes.Span, "the manifest");
    }

    private async Task<JsonNode> ContentAsync(string name, ServingImage image, string type)
    {
        var entry = (await ReferrersAsync(name, image)).Manifests.Single(entry => entry.ArtifactType == type);
        var manifest = await ManifestAsync(name, entry.Digest.ToString());
        using var client = Client();
        return JsonNode.Parse(Encoding.UTF8.GetString(await client.ReadBlobAsync($"p/r/{name}", manifest.Layers.Single(), 1 << 20, default)))!;
    }

    private Task<ServingImage> BakeAsync(string name) => SampleBake.RunAsync(registry, _folder, _events, name);
}
