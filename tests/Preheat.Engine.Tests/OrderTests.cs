using Nuke.Common;
using Preheat.Engine.Tests.Support;

namespace Preheat.Engine.Tests;

public sealed class OrderTests : BuildRunTests
{
    private readonly Sample _build = new();

    [Theory]
    [InlineData("Leaf", "Leaf")]
    [InlineData("Top", "Leaf Middle Top")]
    [InlineData("Top Leaf", "Leaf Middle Top")]
    [InlineData("Prepared", "Preparation Prepared")]
    [InlineData("Late Early", "Early Late")]
    [InlineData("Late", "Late")]
    [InlineData("Second First", "First Second")]
    [InlineData("Bell", "Bell Ring")]
    [InlineData("Door", "Door Knock")]
    [InlineData("Free2 Free1", "Free2 Free1")]
    [InlineData("Free1+Free2", "Free1 Free2")]
    [InlineData("free-1", "Free1")]
    [InlineData("--target Free1 Free2", "Free1 Free2")]
    [InlineData("Free2 --target Free1", "Free2 Free1")]
    [InlineData("", "Leaf")]
    public void Runs_in_the_order_that_the_graph_asks_for(string arguments, string expected)
    {
        _run.Run(() => _build, arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), x => x.Leaf).ShouldBe(0, _run.Output);
        string.Join(' ', _build.Ran).ShouldBe(expected);
    }

    [Fact]
    public void Keeps_an_order_that_goes_through_a_target_outside_the_plan()
    {
        // Third is after Bridge, and Bridge is after Origin; Bridge itself does not run.
        _run.Run(() => _build, ["Third", "Origin"], x => x.Leaf).ShouldBe(0, _run.Output);
        _build.Ran.ShouldBe(["Origin", "Third"]);
    }

    [Fact]
    public void Runs_all_actions_of_a_target_and_awaits_the_asynchronous_ones()
    {
        _run.Run(() => _build, ["Actions"], x => x.Leaf).ShouldBe(0, _run.Output);
        _build.Ran.ShouldBe(["one", "two", "function", "task", "task with result"]);
    }

    private sealed class Sample : RecordingBuild
    {
        public Target Top => _ => _.DependsOn(Middle).Executes(() => Ran.Add("Top"));
        public Target Middle => _ => _.DependsOn(Leaf).Executes(() => Ran.Add("Middle"));
        public Target Leaf => _ => _.Executes(() => Ran.Add("Leaf"));
        private Target Prepared => _ => _.Executes(() => Ran.Add("Prepared"));
        private Target Preparation => _ => _.DependentFor(Prepared).Executes(() => Ran.Add("Preparation"));
        private Target Late => _ => _.After(Early).Executes(() => Ran.Add("Late"));
        private Target Early => _ => _.Executes(() => Ran.Add("Early"));
        private Target First => _ => _.Before(Second).Executes(() => Ran.Add("First"));
        private Target Second => _ => _.Executes(() => Ran.Add("Second"));
        private Target Bell => _ => _.Triggers(Ring).Executes(() => Ran.Add("Bell"));
        private Target Ring => _ => _.Executes(() => Ran.Add("Ring"));
        private Target Knock => _ => _.TriggeredBy(Door).Executes(() => Ran.Add("Knock"));
        private Target Door => _ => _.Executes(() => Ran.Add("Door"));
        private Target Free1 => _ => _.Executes(() => Ran.Add("Free1"));
        private Target Free2 => _ => _.Executes(() => Ran.Add("Free2"));
        private Target Origin => _ => _.Executes(() => Ran.Add("Origin"));
        private Target Bridge => _ => _.After(Origin).Executes(() => Ran.Add("Bridge"));
        private Target Third => _ => _.After(Bridge).Executes(() => Ran.Add("Third"));

        private Target Actions => _ => _
            .Executes(() => Ran.Add("one"), () => Ran.Add("two"))
            .Executes(() => 1 + Note("function"))
            .Executes(async () =>
            {
                await Task.Yield();
                Ran.Add("task");
            })
            .Executes(() => NoteLater("task with result"));

        private int Note(string text)
        {
            Ran.Add(text);
            return Ran.Count;
        }

        private async Task<int> NoteLater(string text)
        {
            await Task.Yield();
            return Note(text);
        }
    }
}
