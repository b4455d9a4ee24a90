using Preheat.Runs;

namespace Preheat.Tests.Runs;

public sealed class StepTests : IDisposable
{
    private sealed record Made(string Value, double Seconds) : IStepOutput
    {
        public object Identity => new { Value };
    }

    private readonly TemporaryFolder _folder = new();
    private readonly RecordedEvents _events = new();
    private readonly ReceiptStore _receipts;
    private readonly StepContext _context;
    private int _made;

    public StepTests()
    {
        _receipts = new ReceiptStore(_folder.Path, "demo");
        _receipts.Open(new { cloud = "local" }, TimeProvider.System);
        _context = new StepContext(_receipts, _events, TimeProvider.System);
    }

    public void Dispose()
    {
        _receipts.Dispose();
        _folder.Dispose();
    }

    private Task<Made> Run(StepInputs inputs, string value = "one", Func<Made, CancellationToken, Task<bool>>? probe = null) =>
        Step.RunAsync(_context, inputs, probe, _ => Task.FromResult(new Made(value, ++_made)), CancellationToken.None);

    [Fact]
    public async Task Makes_once_and_is_then_up_to_date()
    {
        var inputs = new StepInputs("Bake", 1, new { model = "a" });
        await Run(inputs);
        var again = await Run(inputs);
        again.ShouldBe(new Made("one", 1));
        _context.Outcomes.Select(outcome => outcome.UpToDate).ShouldBe([false, true]);
    }

    [Theory]
    [InlineData("b", 1)]
    [InlineData("a", 2)]
    public async Task Makes_anew_when_a_field_or_the_version_changes(string model, int version)
    {
        await Run(new StepInputs("Bake", 1, new { model = "a" }));
        await Run(new StepInputs("Bake", version, new { model }));
        _made.ShouldBe(2);
    }

    [Fact]
    public async Task Makes_anew_when_the_probe_finds_nothing()
    {
        var inputs = new StepInputs("Bake", 1, new { });
        await Run(inputs);
        await Run(inputs, probe: (_, _) => Task.FromResult(false));
        _made.ShouldBe(2);
    }

    [Fact]
    public async Task Follows_the_identity_of_what_it_needs_and_not_its_times()
    {
        var first = new StepInputs("Bake", 1, new { n = 1 });
        var second = new StepInputs("Deploy", 1, new { }, "Bake");
        await Run(first);
        await Run(second);
        await Run(first with { Fields = new { n = 2 } });
        await Run(second);
        _context.Outcomes[^1].UpToDate.ShouldBeTrue("the need was made again with the same identity");
        await Run(first with { Fields = new { n = 3 } }, "two");
        await Run(second);
        _context.Outcomes[^1].UpToDate.ShouldBeFalse();
    }

    [Fact]
    public async Task Leaves_no_receipt_when_making_fails()
    {
        await Should.ThrowAsync<PreheatException>(() => Step.RunAsync<Made>(
            _context, new StepInputs("Bake", 1, new { }), null, _ => throw new PreheatException("no"), CancellationToken.None));
        _receipts.Read("Bake").ShouldBeNull();
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("""{"schema":99,"target":"Bake"}""")]
    public async Task Takes_a_receipt_it_does_not_understand_for_stale(string text)
    {
        File.WriteAllText(Path.Combine(_receipts.Directory, "Bake.json"), text);
        await Run(new StepInputs("Bake", 1, new { }));
        _made.ShouldBe(1);
    }

    [Fact]
    public async Task Refresh_asks_every_time_and_is_up_to_date_on_the_same_answer()
    {
        var inputs = new StepInputs("Resolve", 1, new { });
        foreach (var value in new[] { "one", "one", "two" })
            await Step.RefreshAsync(_context, inputs, _ => Task.FromResult(new Made(value, ++_made)), CancellationToken.None);
        _made.ShouldBe(3);
        _context.Outcomes.Select(outcome => outcome.UpToDate).ShouldBe([false, true, false]);
    }

    [Fact]
    public async Task Explains_without_running()
    {
        var inputs = new StepInputs("Bake", 1, new { });
        var later = new StepInputs("Deploy", 1, new { }, "Bake");
        Step.Explain(_receipts, inputs).ShouldBe("runs: no receipt yet");
        Step.Explain(_receipts, later).ShouldBe("decided when it runs");
        await Run(inputs);
        Step.Explain(_receipts, inputs).ShouldBe("up to date, if what it made still exists");
        Step.Explain(_receipts, inputs with { Version = 2 }).ShouldBe("runs: its inputs have changed");
    }
}
