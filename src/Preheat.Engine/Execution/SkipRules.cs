namespace Nuke.Common.Execution;

/// <summary>Decides which targets of a plan do not run, and what that means for those around them.</summary>
internal static class SkipRules
{
    /// <summary><c>--skip</c>: these targets, or with an empty list all; never one that the command line names.</summary>
    public static void Apply(TargetPlan plan, IReadOnlyList<ExecutableTarget> skip, bool all)
    {
        foreach (var target in plan.Order.Where(target => all || skip.Contains(target)))
        {
            if (!target.Invoked)
            {
                Skip(plan, target, nameof(ExecutableTarget.Skipped), "via parameter");
            }
        }
    }

    /// <summary>Skips the target if one of the conditions does not hold.</summary>
    /// <returns>Whether it runs.</returns>
    public static bool Check(TargetPlan plan, ExecutableTarget target, IReadOnlyList<Condition> conditions)
    {
        var violated = conditions.Where(condition => !condition.Holds()).Select(condition => condition.Text).ToList();
        if (violated.Count == 0)
        {
            return true;
        }

        Skip(plan, target, nameof(ExecutableTarget.OnlyWhen), string.Join(" && ", violated));
        return false;
    }

    private static void Skip(TargetPlan plan, ExecutableTarget target, string key, string reason)
    {
        if (target.Status != ExecutionStatus.Scheduled)
        {
            return;
        }

        target.Status = ExecutionStatus.Skipped;
        target.SummaryInformation[key] = reason;

        // As in Nuke: what was asked for by name keeps its dependencies and triggers, even if a condition rules it out.
        if (target.DependencyBehavior == DependencyBehavior.Execute || target.Invoked)
        {
            return;
        }

        var unneeded = target.ExecutionDependencies.Concat(target.Triggers).Where(other => !other.Invoked && !IsNeeded(plan, other)).ToList();
        foreach (var other in unneeded)
        {
            Skip(plan, other, nameof(ExecutableTarget.Skipped), $"because of {target.Name}");
        }
    }

    /// <summary>
    /// Whether a target that runs, will run or has run asks for this one. One that has run counts, so that it does not matter which of two
    /// triggers had its turn first.
    /// </summary>
    private static bool IsNeeded(TargetPlan plan, ExecutableTarget target) =>
        plan.Dependents[target].Concat(target.TriggerDependencies)
            .Any(other => other.Status is not (ExecutionStatus.None or ExecutionStatus.Skipped or ExecutionStatus.NotRun));
}
