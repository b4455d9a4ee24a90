using System.Text;
using Nuke.Common.Execution;

namespace Nuke.Common.Output;

/// <summary>What <c>--plan</c> prints: the order, and for each target whether it will run and why.</summary>
internal static class PlanText
{
    /// <summary>Name under which a build leaves a <c>Func&lt;string, string?&gt;</c> that knows more about a target, from its receipts; null says nothing.</summary>
    public const string HookName = "preheat.plan";

    /// <param name="failures">Conditions that threw.</param>
    /// <param name="missing">Requirements that are not met.</param>
    public static string Create(TargetPlan plan, IReadOnlyList<Exception> failures, IReadOnlyList<string> missing)
    {
        var hook = AppContext.GetData(HookName) as Func<string, string?>;
        var numbers = plan.Order.Index().ToDictionary(pair => pair.Item, pair => pair.Index + 1);
        var column = plan.Order.Max(target => target.Name.Length);
        var after = plan.Order.ToDictionary(target => target, target => After(plan.Predecessors[target], numbers));
        var afterColumn = after.Values.Max(item => item.Length);
        var text = new StringBuilder("Plan (targets in the order of their run):\n\n");
        foreach (var target in plan.Order)
        {
            text.Append($"{numbers[target],4}  {target.Name.PadRight(column)}  {after[target].PadRight(afterColumn)}  {State(target, hook)}\n");
        }

        foreach (var problem in failures.Select(failure => failure.Message).Concat(missing))
        {
            text.Append($"\nWould fail: {problem}");
        }

        return text.ToString().TrimEnd('\n');
    }

    private static string After(IReadOnlyList<ExecutableTarget> predecessors, Dictionary<ExecutableTarget, int> numbers) =>
        predecessors.Count > 0 ? $"after {string.Join(", ", predecessors.Select(other => numbers[other]))}" : string.Empty;

    private static string State(ExecutableTarget target, Func<string, string?>? hook)
    {
        if (target.Status == ExecutionStatus.Failed)
        {
            return "fails: its condition cannot be evaluated";
        }

        if (target.Status == ExecutionStatus.Skipped)
        {
            return $"ruled out: {string.Join(", ", target.SummaryInformation.Select(pair => pair.Key == nameof(ExecutableTarget.Skipped) ? $"skipped {pair.Value}" : $"only when {pair.Value}"))}";
        }

        if (target.Definition.Actions.Count == 0)
        {
            return "stands for its dependencies";
        }

        var answer = Ask(hook, target.Name);
        return answer ?? (target.Definition.DynamicConditions.Count > 0
            ? $"decided when it runs: only when {string.Join(" && ", target.Definition.DynamicConditions.Select(condition => condition.Text))}"
            : "runs");
    }

    private static string? Ask(Func<string, string?>? hook, string target)
    {
        try
        {
            return hook?.Invoke(target);
        }
        catch (Exception e)
        {
            return $"decided when it runs ({e.Message})";
        }
    }
}
