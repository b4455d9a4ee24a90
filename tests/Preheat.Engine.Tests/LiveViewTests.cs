using Nuke.Common;
using Nuke.Common.Execution;
using Nuke.Common.Output;
using Preheat.Engine.Tests.Support;
using Serilog;

namespace Preheat.Engine.Tests;

/// <summary>What a build shows of a target while it runs: the last rows of an interactive terminal, and nowhere else.</summary>
public sealed class LiveViewTests : BuildRunTests
{
    private static readonly string[] Shown = ["pod a [n...]", "! no node yet, and this is a row that is longer than the terminal"];

    public LiveViewTests() => _run.Slots["preheat.live"] = new Func<string, int, int, string[]>((target, _, _) => target == "Works" ? Shown : []);

    [Fact]
    public void Redraws_the_rows_below_the_lines_and_leaves_nothing_of_them()
    {
        _run.TerminalWidth = 40;
        Run("pod a").ShouldBe(0, _run.Output);
        _run.Out.ShouldContain("pod a [n...]");
        _run.Out.ShouldContain("\e[33;1m! no node yet, and this is a row that i\e[0m\n");
        var left = Screen.Show(_run.Out);
        left.ShouldContain("a line of the log");
        left.ShouldContain("and another");
        left.ShouldNotContain("pod a");
        left.ShouldNotContain("no node");
    }

    [Theory]
    [InlineData("CI", "true")]
    [InlineData("GITHUB_ACTIONS", "true")]
    [InlineData("TERM", "dumb")]
    [InlineData("", "")]
    public void Draws_nothing_where_nobody_sees_it(string variable, string value)
    {
        // No terminal for the last case.
        _run.TerminalWidth = variable.Length == 0 ? null : 40;
        _run.Variables[variable] = value;
        Run("a line").ShouldBe(0, _run.Output);
        _run.Out.ShouldContain("a line of the log");
        _run.Out.ShouldNotContain("pod a");
        _run.Out.ShouldNotContain("\e[J");
    }

    [Fact]
    public void Draws_without_colours_where_none_are_wanted()
    {
        _run.TerminalWidth = 80;
        _run.Variables["NO_COLOR"] = "1";
        Run("pod a").ShouldBe(0, _run.Output);
        _run.Out.ShouldContain("\n! no node yet, and this is a row that is longer than the terminal\n");
        _run.Out.ShouldNotContain("m! no node");
    }

    [Fact]
    public void Goes_on_when_the_picture_cannot_be_drawn()
    {
        _run.TerminalWidth = 40;
        _run.Slots["preheat.live"] = new Func<string, int, int, string[]>((_, _, _) => throw new InvalidOperationException("unforeseen"));
        Run("a line").ShouldBe(0, _run.Output);
        Screen.Show(_run.Out).ShouldContain("and another");
    }

    [Fact]
    public void Takes_away_the_rows_that_a_narrower_terminal_has_wrapped()
    {
        var columns = 60;
        using var region = new LiveRegion(TimeProvider.System, () => (columns, 24), new(_ => new Func<string, int, int, string[]>((_, width, _) => [new string('x', width)])), text => text, () => { });
        region.Show("Works", []);
        region.Redraw(row => row.Text).ShouldBe(new string('x', 59) + "\n");
        region.Redraw(row => row.Text).ShouldBe("", "nothing has changed");
        columns = 30;
        region.Redraw(row => row.Text).ShouldBe("\e[2A\e[J" + new string('x', 29) + "\n");
    }

    [Fact]
    public void Leaves_room_for_the_cursor_and_the_last_line()
    {
        using var region = new LiveRegion(TimeProvider.System, () => (20, 10), new(_ => new Func<string, int, int, string[]>((_, _, rows) => [.. Enumerable.Range(1, 99).Select(row => $"{row} of {rows}")])), text => text, () => { });
        region.Show("Works", []);
        region.Redraw(row => row.Text).Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1].ShouldBe("8 of 8");
    }

    private int Run(string until) => _run.Run(() => new Sample(() => _run.Out.Contains(until, StringComparison.Ordinal)), ["Works"], x => x.Works);

    private sealed class Sample(Func<bool> isSeen) : NukeBuild
    {
        public Target Works => _ => _.Executes(() =>
        {
            Log.Information("a line of the log");
            SpinWait.SpinUntil(isSeen, TimeSpan.FromSeconds(20)).ShouldBeTrue();
            Log.Information("and another");
        });
    }
}
