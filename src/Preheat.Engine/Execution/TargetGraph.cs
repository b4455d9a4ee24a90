using System.Linq.Expressions;

namespace Nuke.Common.Execution;

/// <summary>All targets of a build with their edges; without cycles and without edges that lead nowhere.</summary>
internal sealed class TargetGraph
{
    private TargetGraph(IReadOnlyList<ExecutableTarget> targets) => Targets = targets;

    /// <summary>The targets, in the order of their declaration.</summary>
    public IReadOnlyList<ExecutableTarget> Targets { get; }

    /// <exception cref="DefinitionException">A target is missing, or depends on itself on some way.</exception>
    public static TargetGraph Create(NukeBuild build, IReadOnlyList<TargetMember> members, IEnumerable<LambdaExpression> defaults)
    {
        var targets = new List<ExecutableTarget>(members.Count);
        var byFactory = new FactoryMap();
        foreach (var member in members)
        {
            var definition = new TargetDefinition(member, build);
            var factory = member.Value(build);
            TargetMember.Apply(factory, definition);
            var target = new ExecutableTarget(member.Name, member.Property, factory, definition);
            if (!byFactory.TryAdd(factory, target, out var other))
            {
                throw new DefinitionException($"Targets '{other.Name}' and '{target.Name}' share one lambda. Give each its own.");
            }

            targets.Add(target);
        }

        foreach (var target in targets)
        {
            Connect(target, byFactory);
        }

        foreach (var setup in targets.Where(target => target.Factory is Setup))
        {
            var cleanups = targets.Where(target => target.Factory is Cleanup && target.Member.DeclaringType == setup.Member.DeclaringType).ToList();
            Connect(setup, EdgeKind.Triggers, cleanups.Count == 1 ? cleanups[0] : throw new DefinitionException($"{setup.Member.DeclaringType!.Name} must declare one Cleanup for its Setup '{setup.Name}'; it has {cleanups.Count}."));
        }

        foreach (var expression in defaults)
        {
            var factory = DefaultTarget(expression, build);
            Find(byFactory, factory, "The default target").IsDefault = true;
        }

        var graph = new TargetGraph(targets);
        graph.RefuseCycles();
        return graph;
    }

    private static Delegate DefaultTarget(LambdaExpression expression, NukeBuild build) =>
        (Delegate)TargetMember.PropertyOf(expression).GetValue(build)!;

    private static void Connect(ExecutableTarget target, FactoryMap byFactory)
    {
        foreach (var (kind, factories) in target.Definition.Edges)
        {
            foreach (var factory in factories)
            {
                var other = Find(byFactory, factory, $"Target '{target.Name}' ({kind})");
                Connect(target, kind, other);
            }
        }

        foreach (var (factory, artifacts) in target.Definition.Consumed)
        {
            var producer = Find(byFactory, factory, $"Target '{target.Name}' (Consumes)");
            target.Consumed.AddRange((artifacts.Length > 0 ? artifacts : producer.Definition.Products.AsEnumerable()).Select(artifact => (producer, artifact)));
        }
    }

    private static void Connect(ExecutableTarget target, EdgeKind kind, ExecutableTarget other)
    {
        switch (kind)
        {
            case EdgeKind.DependsOn: Add(target.ExecutionDependencies, other); break;
            case EdgeKind.DependentFor: Add(other.ExecutionDependencies, target); break;
            case EdgeKind.After: Add(target.OrderDependencies, other); break;
            case EdgeKind.Before: Add(other.OrderDependencies, target); break;
            case EdgeKind.Triggers:
                Add(target.Triggers, other);
                Add(other.TriggerDependencies, target);
                break;
            case EdgeKind.TriggeredBy:
                Add(other.Triggers, target);
                Add(target.TriggerDependencies, other);
                break;
            default: throw new ArgumentOutOfRangeException(nameof(kind), kind, message: null);
        }
    }

    private static void Add(List<ExecutableTarget> list, ExecutableTarget target)
    {
        if (!list.Contains(target))
        {
            list.Add(target);
        }
    }

    private static ExecutableTarget Find(FactoryMap byFactory, Delegate? factory, string who) =>
        byFactory.Find(factory)
            ?? throw new DefinitionException($"{who} refers to a target that the build does not have. A target property must be one lambda that captures only 'this'.");

    /// <summary>Depth-first search with an explicit stack: a chain of thousands of targets must not overflow the thread's.</summary>
    private void RefuseCycles()
    {
        var finished = new HashSet<ExecutableTarget>();
        var path = new List<ExecutableTarget>();
        var onPath = new HashSet<ExecutableTarget>();
        var stack = new Stack<IEnumerator<ExecutableTarget>>();

        void Enter(ExecutableTarget target)
        {
            path.Add(target);
            onPath.Add(target);
            stack.Push(target.AllDependencies.GetEnumerator());
        }

        foreach (var start in Targets.Where(target => !finished.Contains(target)))
        {
            Enter(start);
            while (stack.TryPeek(out var edges))
            {
                if (!edges.MoveNext())
                {
                    stack.Pop().Dispose();
                    finished.Add(path[^1]);
                    onPath.Remove(path[^1]);
                    path.RemoveAt(path.Count - 1);
                }
                else if (onPath.Contains(edges.Current))
                {
                    var cycle = path.SkipWhile(target => target != edges.Current).Append(edges.Current);
                    throw new DefinitionException($"Circular dependency: {string.Join(" -> ", cycle)}");
                }
                else if (!finished.Contains(edges.Current))
                {
                    Enter(edges.Current);
                }
            }
        }
    }
}
