using Preheat.Runs;

namespace Preheat.Tests.Runs;

public sealed class ReceiptSharingTests : IDisposable
{
    private readonly TemporaryFolder _here = new(), _there = new();
    private readonly RecordedEvents _events = new();
    private readonly SharedFiles _shared = new();

    public void Dispose()
    {
        _here.Dispose();
        _there.Dispose();
    }

    [Fact]
    public async Task Another_machine_continues_with_everything_up_to_date()
    {
        var inputs = new StepInputs("Bake", 1, new { model = "a" });
        using (var first = Open(_here))
        {
            await Make(first, inputs);
            await new ReceiptSharing(first, _events).ShareAsync(_shared, CancellationToken.None);
        }
        using var second = Open(_there);
        (await new ReceiptSharing(second, _events).ContinueAsync(_shared, CancellationToken.None)).ShouldBe(1);
        var context = new StepContext(second, _events, TimeProvider.System);
        (await Step.RunAsync(context, inputs, null, _ => Task.FromResult("made again"), CancellationToken.None)).ShouldBe("made");
        context.Outcomes.ShouldHaveSingleItem().UpToDate.ShouldBeTrue();
        File.ReadAllText(Path.Combine(second.Directory, "Bake.json")).ShouldBe(File.ReadAllText(Path.Combine(_here.Path, "demo", "Bake.json")));
    }

    [Fact]
    public async Task A_folder_with_a_receipt_keeps_its_own()
    {
        await ShareOne();
        using var second = Open(_there);
        await Make(second, new StepInputs("Other", 1, new { }));
        (await new ReceiptSharing(second, _events).ContinueAsync(_shared, CancellationToken.None)).ShouldBe(0);
        second.Read("Bake").ShouldBeNull();
    }

    [Fact]
    public async Task Refuses_the_receipts_of_another_place_and_names_both()
    {
        await ShareOne();
        using var second = Open(_there, "us-central1");
        var error = await Should.ThrowAsync<UserException>(() => new ReceiptSharing(second, _events).ContinueAsync(_shared, CancellationToken.None));
        error.Message.ShouldContain("region local");
        error.Message.ShouldContain("region us-central1");
        error.Message.ShouldContain("the test's place");
        second.All().ShouldBeEmpty();
    }

    [Fact]
    public async Task Takes_no_name_for_a_path_and_no_damaged_receipt()
    {
        await ShareOne();
        var good = _shared.Files!["Bake.json"];
        _shared.Files = new(_shared.Files!)
        {
            ["../../Evil.json"] = good.Replace("\"Bake\"", "\"../../Evil\"", StringComparison.Ordinal),
            ["bake.json"] = good,
            ["Cut.json"] = good[..^10],
            ["Wrong.json"] = good,
            ["Old.json"] = good.Replace("\"schema\":1", "\"schema\":0", StringComparison.Ordinal).Replace("\"Bake\"", "\"Old\"", StringComparison.Ordinal),
        };
        using var second = Open(_there);
        (await new ReceiptSharing(second, _events).ContinueAsync(_shared, CancellationToken.None)).ShouldBe(1);
        second.All().Select(receipt => receipt.Target).ShouldBe(["Bake"]);
        Directory.GetFiles(_there.Path).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_names_a_path_of_this_machine_is_not_shared()
    {
        using var store = Open(_here);
        await Make(store, new StepInputs("Bake", 1, new { }));
        var context = new StepContext(store, _events, TimeProvider.System);
        await Step.RunAsync(context, new StepInputs("Resolve", 1, new { }), null, _ => Task.FromResult(new { Files = new[] { "file:///home/me/model" } }), CancellationToken.None);
        await new ReceiptSharing(store, _events).ShareAsync(_shared, CancellationToken.None);
        _shared.Files!.Keys.ShouldBe(["Bake.json", "deployment.json"]);
        _shared.Files.Values.ShouldAllBe(text => !text.Contains(_here.Path, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Never_exceeds_what_a_ConfigMap_holds()
    {
        using var store = Open(_here);
        await Make(store, new StepInputs("Small", 1, new { }));
        await Make(store, new StepInputs("Large", 1, new { }), new string('x', ReceiptSharing.Largest));
        await new ReceiptSharing(store, _events).ShareAsync(_shared, CancellationToken.None);
        _shared.Files!.Keys.ShouldBe(["Small.json", "deployment.json"]);
    }

    [Fact]
    public async Task Writes_only_what_has_changed()
    {
        using var store = Open(_here);
        await Make(store, new StepInputs("Bake", 1, new { }));
        foreach (var sharing in new[] { new ReceiptSharing(store, _events), new ReceiptSharing(store, _events) })
        {
            await sharing.ShareAsync(_shared, CancellationToken.None);
            await sharing.ShareAsync(_shared, CancellationToken.None);
        }
        _shared.Writes.ShouldBe(1);
    }

    [Fact]
    public async Task A_place_that_cannot_be_reached_is_a_warning()
    {
        _shared.Failure = new PreheatException("the cluster is away");
        using var store = Open(_here);
        (await new ReceiptSharing(store, _events).ContinueAsync(_shared, CancellationToken.None)).ShouldBe(0);
        await Make(store, new StepInputs("Bake", 1, new { }));
        await new ReceiptSharing(store, _events).ShareAsync(_shared, CancellationToken.None);
        _events.All.OfType<Warning>().ShouldAllBe(warning => warning.Text.Contains("the cluster is away"));
        _events.All.OfType<Warning>().ShouldNotBeEmpty();
    }

    private static ReceiptStore Open(TemporaryFolder folder, string region = "local")
    {
        var store = new ReceiptStore(folder.Path, "demo");
        store.Open(new { cloud = "local", region }, TimeProvider.System);
        return store;
    }

    private async Task ShareOne()
    {
        using var first = Open(_here);
        await Make(first, new StepInputs("Bake", 1, new { }));
        await new ReceiptSharing(first, _events).ShareAsync(_shared, CancellationToken.None);
    }

    private Task Make(ReceiptStore store, StepInputs inputs, string output = "made") =>
        Step.RunAsync(new StepContext(store, _events, TimeProvider.System), inputs, null, _ => Task.FromResult(output), CancellationToken.None);

    private sealed class SharedFiles : ISharedReceipts
    {
        public SortedDictionary<string, string>? Files { get; set; }

        public PreheatException? Failure { get; set; }

        public int Writes { get; private set; }

        public string Place => "the test's place";

        public Task<IReadOnlyDictionary<string, string>?> ReadAsync(CancellationToken cancellation) =>
            Failure is null ? Task.FromResult<IReadOnlyDictionary<string, string>?>(Files) : Task.FromException<IReadOnlyDictionary<string, string>?>(Failure);

        public Task WriteAsync(IReadOnlyDictionary<string, string> files, CancellationToken cancellation)
        {
            if (Failure is not null)
                return Task.FromException(Failure);
            Files = new(files.ToDictionary(), StringComparer.Ordinal);
            Writes++;
            return Task.CompletedTask;
        }
    }
}
