using System.Linq.Expressions;
using System.Reflection;

namespace Nuke.Common.Execution;

/// <summary>One node of the graph: what its definition says, its edges, and how its run went.</summary>
public sealed class ExecutableTarget
{
    internal ExecutableTarget(string name, MemberInfo member, Delegate factory, TargetDefinition definition)
    {
        Name = name;
        Member = member;
        Factory = factory;
        Definition = definition;
    }

    /// <summary>The name of the property.</summary>
    public string Name { get; }

    /// <summary>The property.</summary>
    public MemberInfo Member { get; }

    /// <summary>The value of the property, by which other targets refer to this one.</summary>
    public Delegate Factory { get; }

    /// <summary>Text for <c>--help</c>; null when the target has none.</summary>
    public string? Description => Definition.DescriptionText;

    /// <summary>Whether <c>--help</c> shows the target.</summary>
    public bool Listed => !Definition.IsUnlisted;

    /// <summary>Whether it runs when the command line names no target.</summary>
    public bool IsDefault { get; internal set; }

    /// <summary>Whether the command line names it, or it is a default target and the command line names none.</summary>
    public bool Invoked { get; internal set; }

    /// <summary>Dependencies: scheduled with this target, run before it.</summary>
    public List<ExecutableTarget> ExecutionDependencies { get; } = [];

    /// <summary>Run before this target if they are scheduled.</summary>
    public List<ExecutableTarget> OrderDependencies { get; } = [];

    /// <summary>The targets that trigger this one.</summary>
    public List<ExecutableTarget> TriggerDependencies { get; } = [];

    /// <summary>The targets that this one triggers.</summary>
    public List<ExecutableTarget> Triggers { get; } = [];

    /// <summary>All targets that run before this one if they are scheduled.</summary>
    public IReadOnlyCollection<ExecutableTarget> AllDependencies => [.. ExecutionDependencies, .. OrderDependencies, .. TriggerDependencies];

    /// <summary>What happens to dependencies and triggers when this target is skipped.</summary>
    public DependencyBehavior DependencyBehavior => Definition.SkippedBehavior;

    /// <summary>Whether it runs even after a failure.</summary>
    public bool AssuredAfterFailure => Definition.IsAssuredAfterFailure || Factory is Cleanup;

    /// <summary>Whether the others go on when it fails.</summary>
    public bool ProceedAfterFailure => Definition.IsProceedAfterFailure;

    /// <summary>Files the target makes, as path patterns.</summary>
    public List<string> ArtifactProducts => Definition.Products;

    /// <summary>Files of other targets that this one uses, by the target that makes them.</summary>
    public ILookup<ExecutableTarget, string> ArtifactDependencies => Consumed.ToLookup(pair => pair.Producer, pair => pair.Artifact);

    /// <summary>Conditions that are checked when the target's turn comes, with their source texts.</summary>
    public List<(string Text, Func<bool> Delegate)> DynamicConditions => [.. Definition.DynamicConditions.Select(condition => (condition.Text, condition.Holds))];

    /// <summary>Conditions that are checked before anything runs, with their source texts.</summary>
    public List<(string Text, Func<bool> Delegate)> StaticConditions => [.. Definition.StaticConditions.Select(condition => (condition.Text, condition.Holds))];

    /// <summary>What must be there or hold before anything runs.</summary>
    public List<LambdaExpression> DelegateRequirements => [.. Definition.Requirements];

    /// <summary>What the target does; each blocks until it has ended.</summary>
    public List<Action> Actions => [.. Definition.Actions.Select(action => (Action)(() => action().GetAwaiter().GetResult()))];

    /// <summary>Parts a CI service may split the target into; null when it may not.</summary>
    public int? PartitionSize => Definition.PartitionSize;

    /// <summary>Where the target stands.</summary>
    public ExecutionStatus Status
    {
        get;
        internal set
        {
            field = value;
            StatusChanged?.Invoke(this);
        }
    }

    /// <summary>Time its actions took so far; zero when they have not run.</summary>
    public TimeSpan Duration { get; internal set; }

    /// <summary>What the summary says beside the target, in the order it was reported.</summary>
    public Dictionary<string, string> SummaryInformation { get; internal set; } = new(StringComparer.Ordinal);

    /// <summary>Why the target was skipped by name (<c>via parameter</c>, <c>because of X</c>); null otherwise.</summary>
    public string? Skipped => SummaryInformation.GetValueOrDefault(nameof(Skipped));

    /// <summary>The conditions that did not hold; null otherwise.</summary>
    public string? OnlyWhen => SummaryInformation.GetValueOrDefault(nameof(OnlyWhen));

    internal TargetDefinition Definition { get; }

    internal List<(ExecutableTarget Producer, string Artifact)> Consumed { get; } = [];

    /// <summary>Called after every change of <see cref="Status"/>, on the thread that makes it.</summary>
    internal Action<ExecutableTarget>? StatusChanged { get; set; }

    public override string ToString() => Name;
}
