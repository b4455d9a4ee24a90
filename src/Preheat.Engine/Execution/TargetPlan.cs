using System.Collections;

namespace Nuke.Common.Execution;

/// <summary>The scheduled targets: a graph, with one fixed order that satisfies it.</summary>
/// <param name="Order">Every target after all of its predecessors.</param>
/// <param name="Predecessors">For each target the scheduled ones that must have ended before it starts, also those that only targets outside the plan tie to it.</param>
internal sealed record TargetPlan(
    IReadOnlyList<ExecutableTarget> Order,
    IReadOnlyDictionary<ExecutableTarget, IReadOnlyList<ExecutableTarget>> Predecessors)
{
    /// <summary>For each target the scheduled ones that depend on it.</summary>
    public ILookup<ExecutableTarget, ExecutableTarget> Dependents { get; } =
        Order.SelectMany(target => target.ExecutionDependencies, (target, dependency) => (target, dependency)).ToLookup(pair => pair.dependency, pair => pair.target);

    public static TargetPlan Empty { get; } = new([], new Dictionary<ExecutableTarget, IReadOnlyList<ExecutableTarget>>());

    /// <summary>
    /// The plan that runs the invoked targets: with their dependencies, and with whatever any of these triggers. Where the graph leaves
    /// the order open, targets come in the order in which they were named, each directly after its own dependencies.
    /// </summary>
    public static TargetPlan Create(IReadOnlyList<ExecutableTarget> invoked)
    {
        var scheduled = Schedule(invoked);
        var rank = new Dictionary<ExecutableTarget, int>();
        foreach (var target in scheduled)
        {
            rank[target] = rank.Count;
        }

        var predecessors = scheduled.ToDictionary(target => target, target => ScheduledPredecessors(target, rank));
        return new TargetPlan(Sort(scheduled, rank, predecessors), predecessors);
    }

    /// <summary>For each target the predecessors that no other one of its predecessors implies.</summary>
    public IReadOnlyDictionary<ExecutableTarget, IReadOnlyList<ExecutableTarget>> DirectPredecessors()
    {
        var positions = new Dictionary<ExecutableTarget, int>(Order.Count);
        var before = new BitArray[Order.Count];
        var direct = new Dictionary<ExecutableTarget, IReadOnlyList<ExecutableTarget>>(Order.Count);
        foreach (var target in Order)
        {
            var all = before[positions.Count] = new BitArray(Order.Count);
            var kept = new List<ExecutableTarget>();

            // The latest first: only a later one can imply an earlier one.
            foreach (var predecessor in Predecessors[target].OrderByDescending(other => positions[other]))
            {
                var position = positions[predecessor];
                if (!all[position])
                {
                    kept.Insert(0, predecessor);
                    all.Or(before[position])[position] = true;
                }
            }

            positions[target] = positions.Count;
            direct[target] = kept;
        }

        return direct;
    }

    /// <summary>The same order, in which nothing runs beside a target that has one of these names.</summary>
    public TargetPlan WithExclusive(IReadOnlyCollection<string> names)
    {
        if (names.Count == 0)
        {
            return this;
        }

        var predecessors = new Dictionary<ExecutableTarget, IReadOnlyList<ExecutableTarget>>(Predecessors);
        ExecutableTarget? barrier = null;
        var since = new List<ExecutableTarget>();
        foreach (var target in Order)
        {
            var isExclusive = names.Contains(target.Name, StringComparer.OrdinalIgnoreCase);
            IEnumerable<ExecutableTarget> all = [.. barrier is null ? [] : (ExecutableTarget[])[barrier], .. isExclusive ? since : [], .. Predecessors[target]];
            predecessors[target] = [.. all.Distinct()];
            if (isExclusive)
            {
                barrier = target;
                since.Clear();
            }
            else
            {
                since.Add(target);
            }
        }

        return this with { Predecessors = predecessors };
    }

    /// <summary>Dependencies first (post-order), then what was triggered, until nothing more is.</summary>
    private static List<ExecutableTarget> Schedule(IReadOnlyList<ExecutableTarget> invoked)
    {
        var entered = new HashSet<ExecutableTarget>();
        var scheduled = new List<ExecutableTarget>();
        var stack = new Stack<(ExecutableTarget Target, bool Leaving)>();

        void Visit(ExecutableTarget root)
        {
            stack.Push((root, false));
            while (stack.TryPop(out var entry))
            {
                if (entry.Leaving)
                {
                    scheduled.Add(entry.Target);
                }
                else if (entered.Add(entry.Target))
                {
                    stack.Push((entry.Target, true));
                    foreach (var dependency in Enumerable.Reverse(entry.Target.ExecutionDependencies))
                    {
                        stack.Push((dependency, false));
                    }
                }
            }
        }

        foreach (var target in invoked)
        {
            Visit(target);
        }

        for (var i = 0; i < scheduled.Count; i++)
        {
            foreach (var triggered in scheduled[i].Triggers)
            {
                Visit(triggered);
            }
        }

        return scheduled;
    }

    private static IReadOnlyList<ExecutableTarget> ScheduledPredecessors(ExecutableTarget target, Dictionary<ExecutableTarget, int> rank)
    {
        var result = new List<ExecutableTarget>();
        var seen = new HashSet<ExecutableTarget>();
        var open = new Stack<ExecutableTarget>([target]);
        while (open.TryPop(out var current))
        {
            foreach (var dependency in current.AllDependencies.Where(seen.Add))
            {
                if (rank.ContainsKey(dependency))
                {
                    result.Add(dependency);
                }
                else
                {
                    open.Push(dependency);
                }
            }
        }

        result.Sort((a, b) => rank[a].CompareTo(rank[b]));
        return result;
    }

    private static List<ExecutableTarget> Sort(
        List<ExecutableTarget> scheduled,
        Dictionary<ExecutableTarget, int> rank,
        Dictionary<ExecutableTarget, IReadOnlyList<ExecutableTarget>> predecessors)
    {
        var waitingFor = scheduled.ToDictionary(target => target, target => predecessors[target].Count);
        var successors = scheduled.SelectMany(target => predecessors[target], (target, before) => (before, target)).ToLookup(pair => pair.before, pair => pair.target);
        var ready = new PriorityQueue<ExecutableTarget, int>();
        foreach (var target in scheduled.Where(target => waitingFor[target] == 0))
        {
            ready.Enqueue(target, rank[target]);
        }

        var order = new List<ExecutableTarget>(scheduled.Count);
        while (ready.TryDequeue(out var next, out _))
        {
            order.Add(next);
            foreach (var successor in successors[next].Where(successor => --waitingFor[successor] == 0))
            {
                ready.Enqueue(successor, rank[successor]);
            }
        }

        return order;
    }
}
