using Preheat.Images;
using Preheat.Models;
using Preheat.Runs;
using Preheat.Tests.Models;

namespace Preheat.Tests.Images;

/// <summary>What a second bake reads and sends, on the same machine and on a fresh one.</summary>
public sealed class RebakeTests(DebianRegistry registry) : IClassFixture<DebianRegistry>, IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordedEvents _events = new();
    private FakeHub _hub = null!;

    private CloudEndpoints Endpoints => registry.Endpoints with { Hub = _hub.Address };

    public async Task InitializeAsync() => _hub = await FakeHub.StartAsync();

    public async Task DisposeAsync()
    {
        await _hub.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task On_a_fresh_machine_of_an_unchanged_hub_model_only_headers_are_read()
    {
        var first = await BakeAsync($"hf://{FakeHub.Id}", "fresh");
        _hub.Requests.Clear();
        _hub.StorageRequests.Clear();
        var ranges = new System.Collections.Concurrent.ConcurrentBag<string>();
        _hub.StorageFault = context =>
        {
            ranges.Add($"{context.Request.Path} {context.Request.Headers.Range}");
            return Task.FromResult(false);
        };
        var second = await BakeAsync($"hf://{FakeHub.Id}", "fresh");

        second.ShouldBe(first);
        ranges.Where(line => line.Contains(".safetensors ", StringComparison.Ordinal)).ShouldBe(
            [.. new[] { SampleModel.FirstShard, SampleModel.SecondShard }.SelectMany(shard => new[] { $"/blob/{shard} bytes=0-7", $"/blob/{shard} bytes=8-142" })], ignoreOrder: true);
        // Headers, the index and config.json: nothing is read twice, and nothing else.
        ranges.Count.ShouldBe(6);
    }

    [Fact]
    public async Task One_changed_shard_of_a_hub_model_is_the_only_one_downloaded_and_sent()
    {
        await BakeAsync($"hf://{FakeHub.Id}", "shard");
        _hub.Files[SampleModel.SecondShard][^1] ^= 1;
        var whole = new List<string>();
        _hub.StorageFault = context =>
        {
            if (context.Request.Headers.Range.Count == 0)
                whole.Add(context.Request.Path);
            return Task.FromResult(false);
        };
        await BakeAsync($"hf://{FakeHub.Id}", "shard");

        whole.ShouldBe([$"/blob/{SampleModel.SecondShard}"]);
        Notes()[^1].ShouldStartWith("1 of 3 model layers sent");
    }

    [Fact]
    public async Task A_copy_of_a_directory_that_is_verified_is_known_by_its_content()
    {
        SampleModel.Write(_folder["a/model"]);
        var first = await BakeAsync($"file://{_folder["a/model"]}", "copied");
        SampleModel.Write(_folder["b/model"]);
        var second = await BakeAsync($"file://{_folder["b/model"]}", "copied", new ResolveOptions { VerifyContent = true });

        second.Digest.ShouldBe(first.Digest);
        Notes()[^1].ShouldStartWith("0 of 3 model layers sent (0 bytes)");
    }

    private IReadOnlyList<string> Notes() => [.. _events.All.OfType<Note>().Select(note => note.Text).Where(text => text.Contains("model layers"))];

    private async Task<ServingImage> BakeAsync(string reference, string name, ResolveOptions? options = null)
    {
        var model = ModelReference.Parse(reference);
        var snapshot = await ModelResolver.ResolveAsync(model, options ?? new ResolveOptions(), Endpoints, null, _events, TimeProvider.System, default);
        using var source = ModelSources.Open(snapshot, Endpoints, null, TimeProvider.System);
        return await Baker.BakeAsync(
            new BakeRequest
            {
                Model = snapshot,
                Source = source,
                BaseImage = DebianRegistry.BaseImage,
                DockerfilePath = Recipe.Path,
                Repository = $"local-docker.pkg.dev/p/r/rebake-{name}",
                Tag = "v1",
                Region = "local",
            },
            Endpoints,
            _events,
            TimeProvider.System,
            default);
    }
}
