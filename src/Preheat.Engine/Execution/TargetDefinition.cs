using System.Linq.Expressions;
using System.Reflection;
using Nuke.Common.Tooling;

namespace Nuke.Common.Execution;

/// <summary>Collects what a target says about itself.</summary>
internal sealed class TargetDefinition(TargetMember member, NukeBuild build) : ITargetDefinition
{
    private readonly Stack<PropertyInfo> _baseMembers = member.BaseMembers();

    public string Name => member.Name;
    public string? DescriptionText { get; private set; }
    public List<Func<Task>> Actions { get; } = [];
    public Dictionary<EdgeKind, List<Delegate>> Edges { get; } = [];
    public List<Condition> StaticConditions { get; } = [];
    public List<Condition> DynamicConditions { get; } = [];
    public List<LambdaExpression> Requirements { get; } = [];
    public List<string> Products { get; } = [];
    public List<(Delegate Target, string[] Artifacts)> Consumed { get; } = [];
    public DependencyBehavior SkippedBehavior { get; private set; }
    public bool IsAssuredAfterFailure { get; private set; }
    public bool IsProceedAfterFailure { get; private set; }
    public bool IsUnlisted { get; private set; }
    public int? PartitionSize { get; private set; }

    public ITargetDefinition Description(string description) => Set(() => DescriptionText = description);

    public ITargetDefinition Executes(params Action[] actions) => Set(() =>
    {
        foreach (var action in actions)
        {
            Actions.Add(() =>
            {
                action();
                return Task.CompletedTask;
            });
        }
    });

    public ITargetDefinition Executes<T>(Func<T> action) => Set(() => Actions.Add(() =>
    {
        var result = action();
        return result as Task ?? Task.CompletedTask;
    }));

    public ITargetDefinition Executes(Func<Task> action) => Set(() => Actions.Add(action));

    public ITargetDefinition DependsOn(params Target[] targets) => Link(EdgeKind.DependsOn, targets);
    public ITargetDefinition DependsOn<T>(params Func<T, Target>[] targets) => Link(EdgeKind.DependsOn, targets);
    public ITargetDefinition TryDependsOn<T>(params Func<T, Target>[] targets) => TryLink(EdgeKind.DependsOn, targets);
    public ITargetDefinition DependentFor(params Target[] targets) => Link(EdgeKind.DependentFor, targets);
    public ITargetDefinition DependentFor<T>(params Func<T, Target>[] targets) => Link(EdgeKind.DependentFor, targets);
    public ITargetDefinition TryDependentFor<T>(params Func<T, Target>[] targets) => TryLink(EdgeKind.DependentFor, targets);
    public ITargetDefinition Before(params Target[] targets) => Link(EdgeKind.Before, targets);
    public ITargetDefinition Before<T>(params Func<T, Target>[] targets) => Link(EdgeKind.Before, targets);
    public ITargetDefinition TryBefore<T>(params Func<T, Target>[] targets) => TryLink(EdgeKind.Before, targets);
    public ITargetDefinition After(params Target[] targets) => Link(EdgeKind.After, targets);
    public ITargetDefinition After<T>(params Func<T, Target>[] targets) => Link(EdgeKind.After, targets);
    public ITargetDefinition TryAfter<T>(params Func<T, Target>[] targets) => TryLink(EdgeKind.After, targets);
    public ITargetDefinition Triggers(params Target[] targets) => Link(EdgeKind.Triggers, targets);
    public ITargetDefinition Triggers<T>(params Func<T, Target>[] targets) => Link(EdgeKind.Triggers, targets);
    public ITargetDefinition TryTriggers<T>(params Func<T, Target>[] targets) => TryLink(EdgeKind.Triggers, targets);
    public ITargetDefinition TriggeredBy(params Target[] targets) => Link(EdgeKind.TriggeredBy, targets);
    public ITargetDefinition TriggeredBy<T>(params Func<T, Target>[] targets) => Link(EdgeKind.TriggeredBy, targets);
    public ITargetDefinition TryTriggeredBy<T>(params Func<T, Target>[] targets) => TryLink(EdgeKind.TriggeredBy, targets);

    public ITargetDefinition OnlyWhenStatic(Func<bool> condition, string? conditionExpression = null) =>
        Set(() => StaticConditions.Add(new(Condition.Shorten(conditionExpression), condition)));

    public ITargetDefinition OnlyWhenDynamic(Func<bool> condition, string? conditionExpression = null) =>
        Set(() => DynamicConditions.Add(new(Condition.Shorten(conditionExpression), condition)));

    public ITargetDefinition Requires<T>(Expression<Func<T>> parameterRequirement, params Expression<Func<T>>[] parameterRequirements)
        where T : class? => Set(() => Requirements.AddRange([parameterRequirement, .. parameterRequirements]));

    public ITargetDefinition Requires<T>(Expression<Func<T?>> parameterRequirement, params Expression<Func<T?>>[] parameterRequirements)
        where T : struct => Set(() => Requirements.AddRange([parameterRequirement, .. parameterRequirements]));

    public ITargetDefinition Requires(Expression<Func<bool>> requirement, params Expression<Func<bool>>[] requirements) =>
        Set(() => Requirements.AddRange([requirement, .. requirements]));

    public ITargetDefinition Requires(Expression<Func<Tool>> tool, params Expression<Func<Tool>>[] tools) =>
        Set(() => Requirements.AddRange([tool, .. tools]));

    public ITargetDefinition WhenSkipped(DependencyBehavior dependencyBehavior) => Set(() => SkippedBehavior = dependencyBehavior);
    public ITargetDefinition AssuredAfterFailure() => Set(() => IsAssuredAfterFailure = true);
    public ITargetDefinition ProceedAfterFailure() => Set(() => IsProceedAfterFailure = true);
    public ITargetDefinition Unlisted() => Set(() => IsUnlisted = true);

    public ITargetDefinition Base()
    {
        if (!_baseMembers.TryPop(out var property))
        {
            throw new DefinitionException($"Target '{Name}' calls Base(), but no base class declares it. To take over a component's target, use Inherit<T>().");
        }

        return Take(TargetMember.ValueAsDeclared(property, build));
    }

    public ITargetDefinition Inherit(params Target[] targets) => Take(targets);

    public ITargetDefinition Inherit<T>(params Expression<Func<T, Target>>[] targets)
    {
        var properties = targets.Length > 0 ? targets.Select(TargetMember.PropertyOf) : [SingleTargetOf<T>()];
        return Take([.. properties.Select(property => TargetMember.ValueAsDeclared(property, build))]);
    }

    public ITargetDefinition Produces(params string[] artifacts) => Set(() => Products.AddRange(artifacts));
    public ITargetDefinition Consumes(params Target[] targets) => Set(() => Consumed.AddRange(targets.Select(target => ((Delegate)target, Array.Empty<string>()))));
    public ITargetDefinition Consumes<T>(params Func<T, Target>[] targets) => Consumes(Resolve(targets));
    public ITargetDefinition Consumes(Target target, params string[] artifacts) => Set(() => Consumed.Add((target, artifacts)));
    public ITargetDefinition Consumes<T>(Func<T, Target> target, params string[] artifacts) => Consumes(Resolve([target])[0], artifacts);
    public ITargetDefinition Consumes<T>(params string[] artifacts) => Consumes(Resolve<T>([])[0], artifacts);

    public ITargetDefinition Partition(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 2);
        return Set(() => PartitionSize = size);
    }

    private TargetDefinition Take(params Delegate[] factories)
    {
        foreach (var factory in factories)
        {
            TargetMember.Apply(factory, this);
        }

        return this;
    }

    private TargetDefinition Set(Action change)
    {
        change();
        return this;
    }

    public ITargetDefinition DependsOnContext<T>()
        where T : INukeBuild
    {
        if (build is not T)
        {
            throw new DefinitionException($"Target '{Name}' depends on the context {typeof(T).Name}, which {build.GetType().Name} does not implement.");
        }

        Link(EdgeKind.DependsOn, [ContextPart(typeof(T), typeof(Setup))]);
        return Link(EdgeKind.Before, [ContextPart(typeof(T), typeof(Cleanup))]);
    }

    private Delegate ContextPart(Type context, Type kind)
    {
        var properties = TargetMember.DeclaredBy(context).Where(property => property.PropertyType == kind).ToList();
        return properties.Count == 1
            ? (Delegate)properties[0].GetValue(build)!
            : throw new DefinitionException($"Target '{Name}' depends on the context {context.Name}, which declares {(properties.Count == 0 ? "no" : "more than one")} {kind.Name}.");
    }

    private TargetDefinition Link(EdgeKind kind, Delegate[] targets)
    {
        if (!Edges.TryGetValue(kind, out var list))
        {
            Edges[kind] = list = [];
        }

        list.AddRange(targets);
        return this;
    }

    private TargetDefinition Link<T>(EdgeKind kind, Func<T, Target>[] targets) => Link(kind, Resolve(targets));

    private TargetDefinition TryLink<T>(EdgeKind kind, Func<T, Target>[] targets) => build is T ? Link(kind, targets) : this;

    private Target[] Resolve<T>(Func<T, Target>[] targets)
    {
        if (build is not T component)
        {
            throw new DefinitionException($"Target '{Name}' names a target of {typeof(T).Name}, which {build.GetType().Name} does not implement.");
        }

        return targets.Length > 0
            ? [.. targets.Select(target => target(component))]
            : [(Target)SingleTargetOf<T>().GetValue(build)!];
    }

    private PropertyInfo SingleTargetOf<T>()
    {
        var properties = TargetMember.DeclaredBy(typeof(T)).Where(property => property.PropertyType == typeof(Target)).ToList();
        return properties.Count == 1
            ? properties[0]
            : throw new DefinitionException(properties.Count == 0
                ? $"Target '{Name}' refers to {typeof(T).Name}, which declares no target."
                : $"Target '{Name}' refers to {typeof(T).Name} without saying which of its targets: {string.Join(", ", properties.Select(property => property.Name))}.");
    }
}

/// <summary>The ways in which one target may name another.</summary>
internal enum EdgeKind
{
    DependsOn,
    DependentFor,
    Before,
    After,
    Triggers,
    TriggeredBy,
}

/// <summary>A condition with its source text.</summary>
internal readonly record struct Condition(string Text, Func<bool> Holds)
{
    /// <summary>The body of <c>() =&gt; body</c>, on one line.</summary>
    public static string Shorten(string? expression)
    {
        var text = string.Join(' ', (expression ?? "condition").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return text.StartsWith("() =>", StringComparison.Ordinal) ? text[5..].TrimStart() : text;
    }
}

/// <summary>The build's own code describes a graph that cannot be.</summary>
internal sealed class DefinitionException(string message) : Exception(message);
