using System.Linq.Expressions;
using System.Reflection;

namespace Nuke.Common.Execution;

public enum ExecutionStatus
{
    None,
    Scheduled,
    NotRun,
    Skipped,
    Succeeded,
    Failed,
    Running,
    Aborted,
    Collective,
}

public class ExecutableTarget
{
    public MemberInfo Member { get => throw null; set => throw null; }
    public string Name { get => throw null; set => throw null; }
    public string Description { get => throw null; set => throw null; }
    public bool Listed { get => throw null; set => throw null; }
    public Delegate Factory { get => throw null; set => throw null; }
    public List<(string Text, Func<bool> Delegate)> DynamicConditions { get => throw null; internal set => throw null; }
    public List<(string Text, Func<bool> Delegate)> StaticConditions { get => throw null; internal set => throw null; }
    public DependencyBehavior DependencyBehavior { get => throw null; internal set => throw null; }
    public bool AssuredAfterFailure { get => throw null; internal set => throw null; }
    public bool ProceedAfterFailure { get => throw null; internal set => throw null; }
    public List<LambdaExpression> DelegateRequirements { get => throw null; internal set => throw null; }
    public List<Action> Actions { get => throw null; internal set => throw null; }
    public List<ExecutableTarget> ExecutionDependencies => throw null;
    public List<ExecutableTarget> OrderDependencies => throw null;
    public List<ExecutableTarget> TriggerDependencies => throw null;
    public List<ExecutableTarget> Triggers => throw null;
    public IReadOnlyCollection<ExecutableTarget> AllDependencies => throw null;
    public List<string> ArtifactProducts { get => throw null; internal set => throw null; }
    public int? PartitionSize { get => throw null; set => throw null; }
    public TimeSpan Duration => throw null;
    public bool IsDefault { get => throw null; set => throw null; }
    public ExecutionStatus Status { get => throw null; set => throw null; }
    public bool Invoked { get => throw null; set => throw null; }
    public Dictionary<string, string> SummaryInformation { get => throw null; internal set => throw null; }
    public string Skipped { get => throw null; set => throw null; }
    public string OnlyWhen { get => throw null; set => throw null; }
}
