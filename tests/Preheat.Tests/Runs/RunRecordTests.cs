using System.Text.Json;
using NJsonSchema;
using Preheat.Runs;
using Preheat.Tests.Manifests;

namespace Preheat.Tests.Runs;

public sealed class RunRecordTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ByteCounter _bytes = new();
    private readonly ReceiptStore _receipts;
    private readonly StepContext _context;

    public RunRecordTests()
    {
        _receipts = new ReceiptStore(_folder.Path, "demo");
        _receipts.Open(new { cloud = "local" }, TimeProvider.System);
        _context = new StepContext(_receipts, new EventFan(new RecordedEvents(), _bytes), TimeProvider.System, _bytes, text => text.Replace("hf_canary", "***", StringComparison.Ordinal));
    }

    public void Dispose()
    {
        _receipts.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Says_what_each_step_did_moved_and_why()
    {
        var inputs = new StepInputs("Bake", 1, new { });
        CurrentTarget.Name = "Bake";
        await Step.RunAsync(_context, inputs, null, Move, CancellationToken.None);
        await Step.RunAsync(_context, inputs, null, Move, CancellationToken.None);
        await Should.ThrowAsync<PreheatException>(() => Step.RunAsync<string>(
            _context, new StepInputs("Deploy", 1, new { }), null, _ => throw new PreheatException("refused hf_canary"), CancellationToken.None));
        using var interrupted = new CancellationTokenSource();
        await interrupted.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => Step.RefreshAsync<string>(
            _context, new StepInputs("Load", 1, new { }), token => Task.FromCanceled<string>(token), interrupted.Token));

        RunRecord.Write(_context, DateTimeOffset.UnixEpoch, "engine 1", [new("Bake", "Succeeded", 1.5, new Dictionary<string, string> { ["Image"] = "sha256:1" })], 130);

        var run = await ReadAsync();
        run.GetProperty("outcome").GetString().ShouldBe("interrupted");
        var steps = run.GetProperty("steps").EnumerateArray().ToList();
        steps.Select(step => step.GetProperty("result").GetString()).ShouldBe(["made", "up-to-date", "failed", "interrupted"]);
        steps[0].GetProperty("bytes").GetInt64().ShouldBe(70);
        steps[0].GetProperty("reason").GetString().ShouldBe("no receipt yet");
        steps[2].GetProperty("error").GetString().ShouldBe("refused ***");

        Task<string> Move(CancellationToken cancellation)
        {
            // A second try begins from the start.
            foreach (var done in new[] { 10, 30, 20, 40 })
                _context.Events.Emit(new ByteProgress("layer", done, 40));
            return Task.FromResult("made");
        }
    }

    [Theory]
    [InlineData(0, "succeeded")]
    [InlineData(1, "failed")]
    [InlineData(2, "failed")]
    [InlineData(3, "objectives-missed")]
    [InlineData(130, "interrupted")]
    public async Task Has_an_outcome_for_every_exit_code(int exitCode, string outcome)
    {
        RunRecord.Write(_context, DateTimeOffset.UnixEpoch, "engine 1", [], exitCode);
        (await ReadAsync()).GetProperty("outcome").GetString().ShouldBe(outcome);
    }

    [Fact]
    public async Task A_killed_run_leaves_that_it_was_running()
    {
        RunRecord.Begin(_context, DateTimeOffset.UnixEpoch, "engine 1");
        (await ReadAsync()).GetProperty("outcome").GetString().ShouldBe("running");
    }

    [Fact]
    public async Task The_schema_refuses_another_form()
    {
        var schema = await SchemaAsync();
        schema.Validate("""{"schema":2}""").ShouldNotBeEmpty();
        schema.Validate("""{"schema":1,"deployment":"x","outcome":"fine","startedAt":"2026-01-01T00:00:00Z","versions":{},"targets":[],"steps":[],"files":[]}""").ShouldNotBeEmpty();
    }

    [Fact]
    public void The_step_summary_is_a_table_that_no_text_can_break()
    {
        var run = RunRecord.Write(
            _context,
            DateTimeOffset.UnixEpoch,
            "engine 1",
            [
                new("Bake", "Succeeded", 1.5, new Dictionary<string, string> { ["Image"] = "a|b\n<b>" }),
                new("Verify", "Collective", 0, new Dictionary<string, string>()),
                new("Deploy", "Failed", 0, new Dictionary<string, string> { ["UserException"] = "no *rights*" }),
            ],
            1);
        var lines = StepSummary.Render(run).Split('\n');
        lines[0].ShouldStartWith("### ❌ Preheat: demo failed after ");
        lines.Where(line => line.StartsWith('|')).ShouldBe(
        [
            "| target | status | duration | figures |",
            "|---|---|---|---|",
            "| Bake | Succeeded | 1.5 s | Image: a\\|b \\<b\\> |",
            "| Deploy | Failed | 0.0 s | UserException: no \\*rights\\* |",
        ]);
        StepSummary.Append(_folder["summary.md"], run).ShouldBeNull();
        StepSummary.Append(_folder["summary.md"], run).ShouldBeNull();
        File.ReadAllText(_folder["summary.md"]).ShouldBe(StepSummary.Render(run) + StepSummary.Render(run));
        StepSummary.Append(_folder["missing/summary.md"], run).ShouldNotBeNull().ShouldContain("summary.md");
    }

    private async Task<JsonElement> ReadAsync()
    {
        var json = await File.ReadAllTextAsync(Path.Combine(_receipts.Directory, RunRecord.FileName));
        (await SchemaAsync()).Validate(json).ShouldBeEmpty();
        return JsonDocument.Parse(json).RootElement;
    }

    private static Task<JsonSchema> SchemaAsync() => JsonSchema.FromFileAsync(Path.Combine(RenderingFixture.RepositoryRoot, "docs", "run.schema.json"));
}
