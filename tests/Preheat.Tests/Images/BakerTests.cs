using System.Text.Json;
using System.Text.Json.Nodes;
using Preheat.Images;
using Preheat.Models;
using Preheat.Runs;
using Preheat.Tests.Models;

namespace Preheat.Tests.Images;

/// <summary>Bakes into Debian's docker-registry and looks at the result with skopeo, umoci and tar.</summary>
public sealed class BakerTests(DebianRegistry registry) : IClassFixture<DebianRegistry>, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordedEvents _events = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Bakes_a_directory_into_an_image_that_umoci_unpacks_to_the_same_files()
    {
        SampleModel.Write(_folder["model"]);
        var image = await BakeAsync("unpacked", await ResolveAsync());

        image.Reference.ShouldBe($"local-docker.pkg.dev/p/r/unpacked@{image.Digest}");
        image.ModelPath.ShouldBe("/models/model");
        image.Layers.ShouldBe(2 + 3);
        image.BaseImage.ShouldStartWith("docker.io/acme/server@sha256:");
        var layout = _folder["layout"];
        await DebianTool.RunAsync("skopeo", "copy", "--preserve-digests", "--src-tls-verify=false", $"docker://{registry.Address}/p/r/unpacked@{image.Digest}", $"oci:{layout}:t");
        await DebianTool.RunAsync("umoci", "unpack", "--rootless", "--image", $"{layout}:t", _folder["bundle"]);
        var root = _folder["bundle/rootfs"];
        File.ReadAllText(Path.Combine(root, "etc/os-release")).ShouldBe("ID=sample\n");
        var baked = Directory.GetFiles(Path.Combine(root, "models/model"), "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Path.Combine(root, "models/model"), path));
        baked.Order(StringComparer.Ordinal).ShouldBe(SampleModel.Needed);
        foreach (var (path, bytes) in SampleModel.Files().Where(file => SampleModel.Needed.Contains(file.Key)))
            (await File.ReadAllBytesAsync(Path.Combine(root, "models/model", path))).ShouldBe(bytes, path);
    }

    [Fact]
    public async Task Keeps_the_base_images_config_and_follows_the_recipe()
    {
        SampleModel.Write(_folder["model"]);
        await BakeAsync("config", await ResolveAsync());

        var config = JsonNode.Parse(await DebianTool.RunAsync("skopeo", "inspect", "--config", "--tls-verify=false", $"docker://{registry.Address}/p/r/config:v1"))!;
        var inner = config["config"]!;
        inner["Env"]!.AsArray().Select(item => item!.GetValue<string>()).ShouldBe(["PATH=/usr/bin", "CUDA=12", "HF_HUB_OFFLINE=1"]);
        inner["Entrypoint"]!.AsArray().Select(item => item!.GetValue<string>()).ShouldBe(["vllm", "serve"]);
        inner["WorkingDir"]!.GetValue<string>().ShouldBe("/vllm-workspace");
        inner["StopSignal"]!.GetValue<string>().ShouldBe("SIGINT");
        inner["Labels"]!["dev.preheat.model"]!.GetValue<string>().ShouldBe("model");
        config["rootfs"]!["diff_ids"]!.AsArray().Count.ShouldBe(5);
        config["history"]!.AsArray().Count(entry => entry!["empty_layer"]?.GetValue<bool>() != true).ShouldBe(5);
    }

    [Fact]
    public async Task The_same_content_has_the_same_digest_wherever_it_lies()
    {
        SampleModel.Write(_folder["model"]);
        var first = await BakeAsync("same-1", await ResolveAsync());
        SampleModel.Write(_folder["elsewhere/model"]);
        var second = await BakeAsync("same-2", await ResolveAsync("elsewhere/model"));

        second.Digest.ShouldBe(first.Digest);
    }

    [Fact]
    public async Task A_changed_byte_sends_one_layer()
    {
        SampleModel.Write(_folder["model"]);
        var first = await BakeAsync("changed", await ResolveAsync());
        var files = SampleModel.Files();
        files[SampleModel.SecondShard][^1] ^= 1;
        SampleModel.Write(_folder["model"], files);
        var second = await BakeAsync("changed", await ResolveAsync());

        second.Digest.ShouldNotBe(first.Digest);
        Notes().Last(note => note.Contains("model layers")).ShouldStartWith("1 of 3 model layers sent");
        var before = await LayersAsync("changed", first.Digest);
        var after = await LayersAsync("changed", second.Digest);
        after.Except(before).Count().ShouldBe(1);
    }

    [Fact]
    public async Task An_unchanged_directory_is_known_by_its_journal_without_being_read()
    {
        SampleModel.Write(_folder["model"]);
        var snapshot = await ResolveAsync();
        var first = await BakeAsync("journal", snapshot, _folder["journal.jsonl"]);
        // Whoever opened the files now would find none.
        Directory.Delete(_folder["model"], recursive: true);
        var second = await BakeAsync("journal", snapshot, _folder["journal.jsonl"]);

        second.ShouldBe(first);
        Notes().Last(note => note.Contains("model layers")).ShouldStartWith("0 of 3 model layers sent");
    }

    [Fact]
    public async Task A_hub_model_is_baked_again_without_downloading_or_sending_a_byte()
    {
        await using var hub = await FakeHub.StartAsync();
        var endpoints = registry.Endpoints with { Hub = hub.Address };
        var snapshot = await ModelResolver.ResolveAsync(ModelReference.Parse($"hf://{FakeHub.Id}"), endpoints, null, _events, TimeProvider.System, default);
        var first = await BakeAsync("hub", snapshot, endpoints: endpoints);
        hub.StorageRequests.Clear();
        hub.Requests.Clear();
        var second = await BakeAsync("hub", snapshot, endpoints: endpoints);

        second.ShouldBe(first);
        hub.Requests.ShouldBeEmpty();
        hub.StorageRequests.ShouldBeEmpty();
        Notes().Last(note => note.Contains("model layers")).ShouldStartWith("0 of 3 model layers sent (0 bytes)");
    }

    [Fact]
    public async Task A_download_that_breaks_off_restarts_that_layer_only()
    {
        await using var hub = await FakeHub.StartAsync();
        var endpoints = registry.Endpoints with { Hub = hub.Address };
        var snapshot = await ModelResolver.ResolveAsync(ModelReference.Parse($"hf://{FakeHub.Id}"), endpoints, null, _events, TimeProvider.System, default);
        hub.StorageRequests.Clear();
        var cut = 0;
        hub.StorageFault = async context =>
        {
            if (!context.Request.Path.Value!.EndsWith(SampleModel.SecondShard, StringComparison.Ordinal) || Interlocked.Increment(ref cut) > 1)
                return false;
            var bytes = hub.Files[SampleModel.SecondShard];
            context.Response.ContentLength = bytes.Length;
            await context.Response.Body.WriteAsync(bytes.AsMemory(0, bytes.Length / 2));
            context.Abort();
            return true;
        };
        var image = await BakeAsync("cut", snapshot, endpoints: endpoints);

        hub.StorageRequests.Count(line => line.Contains(SampleModel.SecondShard)).ShouldBe(2);
        hub.StorageRequests.Count(line => line.Contains(SampleModel.FirstShard)).ShouldBe(1);
        (await ServingImages.ExistsAsync(image, endpoints, TimeProvider.System, default)).ShouldBeTrue();
    }

    [Fact]
    public async Task Refuses_a_file_whose_hash_is_not_the_one_the_hub_states()
    {
        await using var hub = await FakeHub.StartAsync();
        var endpoints = registry.Endpoints with { Hub = hub.Address };
        var snapshot = await ModelResolver.ResolveAsync(ModelReference.Parse($"hf://{FakeHub.Id}"), endpoints, null, _events, TimeProvider.System, default);
        hub.Files[SampleModel.FirstShard][^1] ^= 1;

        var error = await Should.ThrowAsync<PreheatException>(() => BakeAsync("lying-hub", snapshot, endpoints: endpoints));

        error.Message.ShouldContain(SampleModel.FirstShard);
        error.Message.ShouldContain("SHA-256");
        await ShouldHaveNothingAsync("lying-hub");
    }

    [Fact]
    public async Task Refuses_a_file_that_has_changed_since_it_was_resolved()
    {
        SampleModel.Write(_folder["model"]);
        var snapshot = await ResolveAsync();
        var files = SampleModel.Files();
        files[SampleModel.FirstShard][^1] ^= 1;
        await File.WriteAllBytesAsync(_folder["model/" + SampleModel.FirstShard], files[SampleModel.FirstShard]);

        var error = await Should.ThrowAsync<UserException>(() => BakeAsync("moved-on", snapshot));

        error.Message.ShouldContain(SampleModel.FirstShard);
        error.Message.ShouldContain("changed");
        await ShouldHaveNothingAsync("moved-on");
    }

    [Fact]
    public async Task Refuses_a_file_that_changes_while_it_is_read()
    {
        SampleModel.Write(_folder["model"]);
        var snapshot = await ResolveAsync();
        using var source = new ChangingSource(_folder["model"], SampleModel.SecondShard);

        var error = await Should.ThrowAsync<UserException>(() => BakeAsync("changing", snapshot, source: source));

        error.Message.ShouldContain(SampleModel.SecondShard);
        await ShouldHaveNothingAsync("changing");
    }

    [Fact]
    public async Task Names_the_base_image_that_does_not_exist()
    {
        SampleModel.Write(_folder["model"]);
        var error = await Should.ThrowAsync<UserException>(async () => await BakeAsync("no-base", await ResolveAsync(), baseImage: "acme/nothing:1"));

        error.Message.ShouldContain("docker.io/acme/nothing");
        error.Message.ShouldContain("404");
    }

    [Fact]
    public async Task The_manifest_names_every_file_with_its_hash()
    {
        SampleModel.Write(_folder["model"]);
        await BakeAsync("annotated", await ResolveAsync());

        var manifest = JsonNode.Parse(await DebianTool.RunAsync("skopeo", "inspect", "--raw", "--tls-verify=false", $"docker://{registry.Address}/p/r/annotated:v1"))!;
        var named = manifest["layers"]!.AsArray()
            .Select(layer => layer!["annotations"]?["dev.preheat.files"]?.GetValue<string>())
            .OfType<string>()
            .SelectMany(json => JsonDocument.Parse(json).RootElement.EnumerateArray().ToList())
            .ToDictionary(file => file.GetProperty("path").GetString()!["models/model/".Length..], file => file.GetProperty("sha256").GetString());
        named.Keys.Order(StringComparer.Ordinal).ShouldBe(SampleModel.Needed);
        foreach (var (path, bytes) in SampleModel.Files().Where(file => SampleModel.Needed.Contains(file.Key)))
            named[path].ShouldBe(SampleModel.Sha256(bytes));
        // Inodes and times of this machine have no place in an image.
        manifest.ToJsonString().ShouldNotContain("stat:");
    }

    [Fact]
    public async Task An_image_that_was_deleted_is_no_longer_there()
    {
        SampleModel.Write(_folder["model"]);
        var image = await BakeAsync("deleted", await ResolveAsync());
        (await ServingImages.ExistsAsync(image, registry.Endpoints, TimeProvider.System, default)).ShouldBeTrue();
        await DebianTool.RunAsync("skopeo", "delete", "--tls-verify=false", $"docker://{registry.Address}/p/r/deleted:v1");

        (await ServingImages.ExistsAsync(image, registry.Endpoints, TimeProvider.System, default)).ShouldBeFalse();
    }

    private IEnumerable<string> Notes() => _events.All.OfType<Note>().Select(note => note.Text);

    private Task<ModelSnapshot> ResolveAsync(string folder = "model") =>
        ModelResolver.ResolveAsync(ModelReference.Parse($"file://{_folder[folder]}"), registry.Endpoints, null, _events, TimeProvider.System, default);

    private async Task<ServingImage> BakeAsync(
        string name, ModelSnapshot snapshot, string? journal = null, CloudEndpoints? endpoints = null, string baseImage = DebianRegistry.BaseImage, IModelSource? source = null)
    {
        endpoints ??= registry.Endpoints;
        using var own = source is null ? ModelSources.Open(snapshot, endpoints, null, TimeProvider.System) : null;
        return await Baker.BakeAsync(
            new BakeRequest
            {
                Model = snapshot,
                Source = source ?? own!,
                BaseImage = baseImage,
                DockerfilePath = Recipe.Path,
                Repository = $"local-docker.pkg.dev/p/r/{name}",
                Tag = "v1",
                Region = "local",
                JournalPath = journal,
            },
            endpoints,
            _events,
            TimeProvider.System,
            default);
    }

    private async Task ShouldHaveNothingAsync(string name)
    {
        using var client = new RegistryClient("local-docker.pkg.dev", registry.Endpoints, TimeProvider.System);
        (await client.FindManifestAsync($"p/r/{name}", "v1", default)).ShouldBeNull();
    }

    private async Task<IEnumerable<string>> LayersAsync(string name, string digest)
    {
        var manifest = JsonNode.Parse(await DebianTool.RunAsync("skopeo", "inspect", "--raw", "--tls-verify=false", $"docker://{registry.Address}/p/r/{name}@{digest}"))!;
        return manifest["layers"]!.AsArray().Select(layer => layer!["digest"]!.GetValue<string>());
    }

    /// <summary>A directory in which one file is written to after it was opened.</summary>
    private sealed class ChangingSource(string directory, string path) : IModelSource
    {
        private readonly DirectoryModelSource _inner = new(directory);

        public string Description => _inner.Description;

        public Task<ModelListing> ListAsync(CancellationToken cancellation) => _inner.ListAsync(cancellation);

        public async Task<Stream> OpenAsync(ModelFile file, long offset, long? length, CancellationToken cancellation)
        {
            var stream = await _inner.OpenAsync(file, offset, length, cancellation);
            if (file.Path == path)
            {
                await using var other = new FileStream(Path.Combine(directory, path), FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                other.Position = 100;
                await other.WriteAsync("x"u8.ToArray(), cancellation);
            }
            return stream;
        }

        public void Dispose() => _inner.Dispose();
    }
}
