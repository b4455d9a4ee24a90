using Preheat.Runs;

namespace Preheat.Tests.Runs;

public sealed class DryRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordedEvents _events = new();
    private readonly DryRun _dryRun;
    private readonly ReceiptStore _receipts;
    private readonly StepContext _context;

    public DryRunTests()
    {
        _dryRun = new DryRun(_events);
        _receipts = new ReceiptStore(_folder.Path, "demo", _dryRun);
        _context = new StepContext(_receipts, _events, TimeProvider.System);
    }

    public void Dispose()
    {
        Directory.GetFileSystemEntries(_folder.Path).ShouldBeEmpty("a dry run makes nothing");
        _folder.Dispose();
    }

    [Fact]
    public async Task A_step_that_only_reads_is_known_to_those_after_it()
    {
        _receipts.Open(new { cloud = "local" }, TimeProvider.System);
        CurrentTarget.Name = "Resolve";
        await Step.RefreshAsync(_context, new StepInputs("Resolve", 1, new { }), _ => Task.FromResult("revision 1"), CancellationToken.None);
        _receipts.Output<string>("Resolve").ShouldBe("revision 1");
        _receipts.All().ShouldHaveSingleItem().Target.ShouldBe("Resolve");
        _dryRun.IsUndecided("Resolve").ShouldBeFalse();
        Files().ShouldBe(["deployment.json", "Resolve.json"]);
        _receipts.Delete("Resolve");
        _receipts.Read("Resolve").ShouldBeNull();
    }

    [Fact]
    public async Task A_step_that_would_send_something_is_told_and_left_open()
    {
        CurrentTarget.Name = "Bake";
        var error = await Should.ThrowAsync<UndecidedException>(() => Step.RunAsync(_context, new StepInputs("Bake", 1, new { }), null, Send, CancellationToken.None));
        error.IsTold.ShouldBeTrue();
        _dryRun.IsUndecided("Bake").ShouldBeTrue();
        _receipts.Read("Bake").ShouldBeNull();
        _events.All.OfType<PlannedRequest>().ShouldHaveSingleItem().ShouldBe(new PlannedRequest("PUT", "https://host/v2/x", "3 bytes"));
        Files().ShouldBe(["Bake.json"]);
        _dryRun.Known("sha256:1").ShouldBe("DIGEST");
        CurrentTarget.Name = "Other";
        _dryRun.Known("sha256:1").ShouldBe("sha256:1");

        Task<string> Send(CancellationToken cancellation)
        {
            _dryRun.Request("PUT", "https://host/v2/x", "3 bytes");
            _dryRun.Leave();
            return Task.FromResult("placeholder");
        }
    }

    [Fact]
    public async Task A_step_that_fails_fails()
    {
        CurrentTarget.Name = "Bake";
        await Should.ThrowAsync<UserException>(() => Step.RunAsync<string>(
            _context, new StepInputs("Bake", 1, new { }), null, _ => throw new UserException("no such model"), CancellationToken.None));
    }

    private List<string> Files() => [.. _events.All.OfType<PlannedFile>().Select(file => Path.GetFileName(file.Path))];
}
