using Preheat.Runs;
using Preheat.Testing.Kills;

namespace Preheat.EndToEnd.Tests;

/// <summary>A few runs of what <c>./build.sh KillTest</c> does 300 times.</summary>
public sealed class KillTests
{
    [Fact]
    public async Task A_run_after_a_kill_ends_as_an_undisturbed_one()
    {
        await using var place = new Workplace();
        var events = new Lines();
        var outcomes = await new KillTest(
            new KillOptions { Root = Workplace.Root, Folder = place.In("kills"), Kills = 8, Seed = 20 }, events, TimeProvider.System).RunAsync(CancellationToken.None);
        outcomes.Count.ShouldBe(8);
        outcomes.Count(outcome => outcome.Hit).ShouldBeGreaterThan(4, string.Join('\n', events.All));
        Directory.Exists(place.In("kills")).ShouldBeFalse("the folders of good runs are removed");
    }

    [Fact]
    public void Kill_points_are_spread_over_the_targets_and_the_same_for_the_same_seed()
    {
        string[] targets = ["ResolveModel", "BakeImage", "Deploy"];
        var points = KillPoint.Choose(40, 7, targets);
        points.ShouldBe(KillPoint.Choose(40, 7, targets));
        points.ShouldNotBe(KillPoint.Choose(40, 8, targets));
        points.GroupBy(point => point.Target).Select(group => group.Count()).ShouldBe([10, 10, 10, 10]);
        points.Select(point => point.Victim).Distinct().Count().ShouldBe(3);
        points.Where(point => point.Target.Length == 0).ShouldAllBe(point => point.Victim == KillVictim.Build);
    }

    private sealed class Lines : IEventSink
    {
        public List<string> All { get; } = [];

        public void Emit(RunEvent runEvent) => All.Add(runEvent.ToString());
    }
}
