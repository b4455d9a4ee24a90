using System.Threading.Channels;
using FsCheck;
using FsCheck.Fluent;
using Nuke.Common;
using Preheat.Engine.Tests.Support;

namespace Preheat.Engine.Tests;

/// <summary>
/// Any graph of eight targets, run with any degree. The test itself ends the targets, one by one in any order, and after each checks which
/// have started against a reference that knows nothing but a boolean matrix: only such whose predecessors have all ended, and as many of
/// these as the degree allows.
/// </summary>
public class ParallelPropertyTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public void Starts_exactly_what_may_run_and_never_more_than_the_degree()
    {
        var overlapped = 0;
        var cases = from graph in RandomGraph.Any(acyclic: true).Generator
                    from degree in Gen.Choose(1, 4)
                    from picks in Gen.ListOf(Gen.Choose(0, 3), RandomGraph.Size)
                    select (graph, degree, picks.ToArray());
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var most = Replay(one.graph, one.degree, one.Item3).GetAwaiter().GetResult();
            overlapped += most > 1 ? 1 : 0;
            return most <= one.degree;
        }).QuickCheckThrowOnFailure();
        overlapped.ShouldBeGreaterThan(10);
    }

    /// <returns>How many ran at the same time at most.</returns>
    private static async Task<int> Replay(RandomGraph graph, int degree, int[] picks)
    {
        using var run = new BuildRun { DefaultDegree = degree };
        var build = new GatedBuild(graph.Edges);
        var exit = Task.Run(() => run.Run(() => build, [.. graph.Invoked.Select(index => $"T{index}")], x => x.T0));

        var (runsBefore, scheduled) = graph.Reference();
        var waiting = (await build.Order.Task.WaitAsync(Patience)).Select(name => name[1] - '0').ToList();
        waiting.Order().ShouldBe(scheduled.Order());
        var running = new List<int>();
        var ended = new HashSet<int>();
        var most = 0;
        for (var step = 0; ended.Count < scheduled.Count; step++)
        {
            var ready = waiting.Where(target => scheduled.All(other => !runsBefore[other, target] || ended.Contains(other))).ToList();
            var due = Math.Min(degree - running.Count, ready.Count);
            var started = new List<int>();
            while (started.Count < due)
            {
                started.Add(await build.Started.Reader.ReadAsync().AsTask().WaitAsync(Patience));
            }

            // Two ends may be noticed in either order, so that only without any choice the plan alone decides.
            started.ShouldBeSubsetOf(ready);
            (degree > 1 || started.SequenceEqual(ready.Take(1))).ShouldBeTrue();
            waiting.RemoveAll(started.Contains);
            running.AddRange(started);
            most = Math.Max(most, running.Count);
            running.Count.ShouldBeGreaterThan(0);
            var next = running[picks[step] % running.Count];
            running.Remove(next);
            ended.Add(next);
            build.Gates[next].SetResult();
        }

        (await exit.WaitAsync(Patience)).ShouldBe(0, run.Output);
        build.Started.Reader.TryRead(out _).ShouldBeFalse();
        return most;
    }

    /// <summary>Each target says that it has started, and runs until its gate is opened.</summary>
    private sealed class GatedBuild(Edge[] edges) : GraphBuild(edges)
    {
        public TaskCompletionSource<string[]> Order { get; } = new();
        public Channel<int> Started { get; } = Channel.CreateUnbounded<int>();
        public TaskCompletionSource[] Gates { get; } = [.. Enumerable.Range(0, RandomGraph.Size).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];

        protected internal override void OnBuildInitialized() => Order.SetResult([.. ExecutionPlan.Select(target => target.Name)]);

        protected override async Task ExecuteAsync(int index)
        {
            await Started.Writer.WriteAsync(index);
            await Gates[index].Task;
        }
    }
}
