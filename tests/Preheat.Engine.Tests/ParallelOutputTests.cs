using Nuke.Common;
using Nuke.Common.Output;
using Preheat.Engine.Tests.Support;
using Serilog;

namespace Preheat.Engine.Tests;

/// <summary>What a person sees of targets that run at the same time, letter for letter. The sample's targets wait for each other, so that it is always the same.</summary>
public sealed class ParallelOutputTests : BuildRunTests
{
    public ParallelOutputTests()
    {
        _run.DefaultDegree = 3;
        _run.Time = new StillTime();
    }

    [Fact]
    public void Prints_unmixed_blocks_to_a_pipe()
    {
        _run.Run(() => new Sample { Seen = () => _run.Out }, ["Last"], x => x.Last).ShouldBe(0, _run.Output);
        Golden.Match(_run, "parallel");
    }

    [Fact]
    public void Prints_unmixed_groups_on_GitHub()
    {
        _run.Variables["GITHUB_ACTIONS"] = "true";
        _run.Run(() => new Sample { Seen = () => _run.Out }, ["Last"], x => x.Last).ShouldBe(0, _run.Output);
        Golden.Match(_run, "parallel-on-github");
    }

    [Fact]
    public void Shows_a_live_region_on_a_terminal()
    {
        _run.TerminalWidth = 60;
        _run.Variables["NO_COLOR"] = "1";
        _run.Run(() => new Sample { Seen = () => _run.Out }, ["Last"], x => x.Last).ShouldBe(0, _run.Output);
        Golden.Match(_run, "parallel-on-a-terminal");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Leaves_nothing_of_the_live_region_behind(bool fails)
    {
        string[] arguments = fails ? ["Last", "--fail"] : ["Last"];
        using var terminal = new BuildRun { TerminalWidth = 200, DefaultDegree = 3, Time = new StillTime() };
        terminal.Run(() => new Sample { Seen = () => terminal.Out }, arguments, x => x.Last).ShouldBe(fails ? 1 : 0);
        terminal.Out.ShouldContain("A\e[J");
        _run.Run(() => new Sample { Seen = () => _run.Out }, arguments, x => x.Last);
        Golden.WithoutTimes(Screen.Show(terminal.Out)).ShouldBe(Golden.WithoutTimes(_run.Out));
    }

    [Fact]
    public void Moves_no_cursor_on_a_dumb_terminal()
    {
        _run.TerminalWidth = 60;
        _run.Variables["TERM"] = "dumb";
        _run.Run(() => new Sample { Seen = () => _run.Out }, ["Last"], x => x.Last).ShouldBe(0, _run.Output);
        _run.Out.ShouldNotContain("\e");
    }

    [Theory]
    [InlineData("abc", 3, "abc")]
    [InlineData("abcd", 3, "abc")]
    [InlineData("a\tb\e[31mc", 10, "ab[31mc")]
    [InlineData("模型模型", 5, "模型")]
    public void Cuts_a_live_row_to_the_width_of_the_terminal(string text, int columns, string expected) =>
        LiveRegion.Fit(text, columns).ShouldBe(expected);

    [Fact]
    public void Marks_what_is_logged_after_the_end_of_a_target_with_its_name()
    {
        _run.Run<Sample>("After").ShouldBe(0, _run.Output);
        _run.Out.ShouldContain("[INF] Leaves | too late\n");
    }

    /// <summary>Timers never fire, and no time passes.</summary>
    private sealed class StillTime : TimeProvider
    {
        public override long GetTimestamp() => 0;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Never();

        private sealed class Never : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
                // Nothing is held.
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }

    private sealed class Sample : NukeBuild
    {
        [Parameter] public readonly bool Fail;

        private readonly Turns _turns = new();
        private readonly CountdownEvent _started = new(3);
        private readonly TaskCompletionSource _leave = new();
        private Task _left = Task.CompletedTask;

        public Func<string> Seen { get; init; } = () => "";

        // The foreground logs, while a second one logs and ends, and a third one logs, comes to the foreground and goes on.
        private Target First => _ => _.Executes(async () =>
        {
            _started.Signal();
            await _turns.At(1, () => Log.Information("first: one"), () => _started.IsSet);
            await _turns.At(4, () => Log.Warning("first: two\nand its second line"));
            await _turns.At(7, until: () => HasEnded("Second"));
        });

        private Target Second => _ => _.Executes(async () =>
        {
            _started.Signal();
            await _turns.At(2, () => Log.Information("second: one"));
            await _turns.At(5, () => Log.Error("second: two"));
            if (Fail)
            {
                throw new InvalidOperationException("second failed") { Data = { ["exit"] = 1 } };
            }
        });

        private Target Third => _ => _.Executes(async () =>
        {
            _started.Signal();
            await _turns.At(3, () => Log.Information("third: one"));
            await _turns.At(6, () => Log.Information("third: a line that is longer than the terminal on which it is to be seen"));
            await _turns.At(8, () => Log.Information("third: in the foreground"), () => Seen().Contains("║ Third") || Seen().Contains("::group::Third"));
        });

        public Target Last => _ => _.DependsOn(First, Second, Third).Executes(() => Log.Information("alone"));

        // What it starts goes on after its end.
        private Target Leaves => _ => _.Executes(() =>
        {
            _left = Task.Run(async () =>
            {
                await _leave.Task;
                Log.Information("too late");
            });
        });

        public Target After => _ => _.DependsOn(Leaves).Executes(async () =>
        {
            _leave.SetResult();
            await _left;
        });

        /// <summary>A live region says so; elsewhere it cannot be seen.</summary>
        private bool HasEnded(string name) => FinishedTargets.Any(target => target.Name == name)
            && (!Seen().Contains("\e[J") || Seen().Contains("| succeeded") || Seen().Contains("| failed"));
    }

    /// <summary>Lets targets go on in a fixed order.</summary>
    private sealed class Turns
    {
        private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, 10).Select(turn => new SemaphoreSlim(turn == 1 ? 1 : 0))];

        public async Task At(int turn, Action? action = null, Func<bool>? until = null)
        {
            (await _gates[turn].WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeTrue($"turn {turn} came");
            while (until?.Invoke() == false)
            {
                await Task.Yield();
            }

            action?.Invoke();
            _gates[turn + 1].Release();
        }
    }
}
