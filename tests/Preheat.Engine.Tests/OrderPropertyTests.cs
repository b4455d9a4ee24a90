using FsCheck;
using FsCheck.Fluent;
using Preheat.Engine.Tests.Support;

namespace Preheat.Engine.Tests;

/// <summary>Any graph of eight targets, against a reference that knows nothing but boolean matrices.</summary>
public class OrderPropertyTests
{
    [Fact]
    public void Schedules_and_orders_as_the_reference_does()
    {
        var seen = new HashSet<string>();
        Prop.ForAll(RandomGraph.Any(acyclic: true), graph => Agrees(graph, seen)).QuickCheckThrowOnFailure();
        seen.ShouldContain("runs");
    }

    [Fact]
    public void Refuses_exactly_the_graphs_that_have_a_cycle()
    {
        var seen = new HashSet<string>();
        Prop.ForAll(RandomGraph.Any(acyclic: false), graph => Agrees(graph, seen)).QuickCheckThrowOnFailure();
        seen.ShouldBe(["runs", "refuses"], ignoreOrder: true);
    }

    private static bool Agrees(RandomGraph graph, HashSet<string> seen)
    {
        using var run = new BuildRun();
        var build = new NotingBuild(graph.Edges);
        var exit = run.Run(() => build, [.. graph.Invoked.Select(index => $"T{index}")], x => x.T0);

        var (runsBefore, scheduled) = graph.Reference();
        if (Enumerable.Range(0, RandomGraph.Size).Any(index => runsBefore[index, index]))
        {
            seen.Add("refuses");
            return exit == 2 && run.Error.StartsWith("Circular dependency: T", StringComparison.Ordinal) && build.Ran.Count == 0;
        }

        seen.Add("runs");
        var ran = build.Ran.Select(name => name[1] - '0').ToList();
        var inOrder = ran.Index().All(later => ran.Take(later.Index).All(earlier => !runsBefore[later.Item, earlier]));
        return exit == 0 && inOrder && ran.Order().SequenceEqual(scheduled.Order());
    }

    private sealed class NotingBuild(Edge[] edges) : GraphBuild(edges)
    {
        protected override Task ExecuteAsync(int index)
        {
            Ran.Add($"T{index}");
            return Task.CompletedTask;
        }
    }
}
