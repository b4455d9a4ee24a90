using System.Text.Json;
using Preheat.Runs;

namespace Preheat.Tests.Runs;

public sealed class EventLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Writes_a_line_per_event_with_time_level_type_target_and_fields()
    {
        using (var log = Log())
        {
            CurrentTarget.Name = "BakeImage";
            log.Open(_folder.Path);
            log.Emit(new StateChanged("Deployment/x", "created"));
            log.Emit(new ByteProgress("layer", 5, null));
            log.Emit(new TargetEnded(1.5, 2, "no"));
            log.Emit(new Warning("look"));
        }
        var lines = Lines(EventLog.Name);
        lines.Select(line => line.GetProperty("level").GetString()).ShouldBe(["info", "debug", "error", "warning"]);
        lines.Select(line => line.GetProperty("type").GetString()).ShouldBe(["state-changed", "byte-progress", "target-ended", "warning"]);
        lines.ShouldAllBe(line => line.GetProperty("target").GetString() == "BakeImage");
        lines[0].GetProperty("subject").GetString().ShouldBe("Deployment/x");
        lines[1].GetProperty("done").GetInt64().ShouldBe(5);
        lines[1].TryGetProperty("total", out _).ShouldBeFalse();
        lines[2].GetProperty("exitCode").GetInt32().ShouldBe(2);
        lines[0].GetProperty("time").GetDateTimeOffset().Offset.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void Keeps_what_happens_before_the_folder_is_open()
    {
        using (var log = Log())
        {
            log.Emit(new Note("early"));
            log.Open(_folder.Path);
            log.Emit(new Note("late"));
        }
        Lines(EventLog.Name).Select(line => line.GetProperty("text").GetString()).ShouldBe(["early", "late"]);
    }

    [Fact]
    public void Keeps_the_log_of_the_run_before_and_no_older_one()
    {
        foreach (var text in new[] { "first", "second", "third" })
        {
            using var log = Log();
            log.Open(_folder.Path);
            log.Emit(new Note(text));
        }
        Lines(EventLog.Name).ShouldHaveSingleItem().GetProperty("text").GetString().ShouldBe("third");
        Lines(EventLog.PreviousName).ShouldHaveSingleItem().GetProperty("text").GetString().ShouldBe("second");
        Directory.GetFiles(_folder.Path).Length.ShouldBe(2);
    }

    [Fact]
    public void Is_on_disk_before_the_run_ends()
    {
        using var log = Log();
        log.Open(_folder.Path);
        log.Emit(new Note("so far"));
        using var reader = new StreamReader(new FileStream(_folder[EventLog.Name], FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        reader.ReadToEnd().ShouldContain("so far");
    }

    [Fact]
    public void Never_holds_a_secret()
    {
        using (var log = Log())
        {
            log.Open(_folder.Path);
            log.Emit(new Note("token hf_\"canary went out"));
            log.Emit(new TargetEnded(1, 1, "refused hf_\"canary"));
        }
        File.ReadAllText(_folder[EventLog.Name]).ShouldNotContain("canary");
    }

    [Fact]
    public void A_folder_that_cannot_be_written_stops_nothing()
    {
        using var log = Log();
        log.Open(_folder["missing"]);
        Should.NotThrow(() => log.Emit(new Note("x")));
    }

    [Fact]
    public async Task Events_of_targets_that_run_at_the_same_time_know_their_target()
    {
        using (var log = Log())
        {
            log.Open(_folder.Path);
            await Task.WhenAll(Run(log, "A"), Run(log, "B"));
        }
        var lines = Lines(EventLog.Name);
        lines.Count.ShouldBe(200);
        lines.ShouldAllBe(line => line.GetProperty("text").GetString() == line.GetProperty("target").GetString());

        static async Task Run(EventLog log, string target)
        {
            CurrentTarget.Name = target;
            for (var i = 0; i < 100; i++)
            {
                await Task.Yield();
                log.Emit(new Note(target));
            }
        }
    }

    private static EventLog Log() => new(TimeProvider.System, text => text.Replace("hf_\"canary", "***", StringComparison.Ordinal));

    private List<JsonElement> Lines(string name) => [.. File.ReadAllLines(_folder[name]).Select(line => JsonDocument.Parse(line).RootElement)];
}
