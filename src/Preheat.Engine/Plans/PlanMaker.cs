using System.Collections;
using System.Globalization;
using System.Reflection;
using Nuke.Common.Execution;
using Nuke.Common.Output;
using Nuke.Common.Parameters;
using Nuke.Common.Sessions;

namespace Nuke.Common.Plans;

/// <summary>Finds out what a run would do, without doing it.</summary>
internal sealed class PlanMaker(NukeBuild build, TargetPlan plan, ParameterValues parameters, BuildSession session)
{
    private readonly Dictionary<ExecutableTarget, PlannedState> _states = [];

    /// <param name="failures">Conditions that threw.</param>
    /// <param name="missing">Requirements that are not met.</param>
    public PlanDocument Make(int degree, IReadOnlyList<Exception> failures, IReadOnlyList<string> missing)
    {
        var after = plan.DirectPredecessors();
        var targets = new List<PlannedTarget>(plan.Order.Count);
        foreach (var target in plan.Order)
        {
            var (state, reason) = Judge(target);
            _states[target] = state;
            targets.Add(new PlannedTarget(
                target.Name,
                state,
                reason is null ? null : session.Mask.Apply(reason),
                target.Invoked,
                [.. Requesters(target).Select(other => other.Name).Distinct()],
                [.. after[target].Select(other => other.Name)]));
        }

        return new PlanDocument(degree, targets, Values(), [.. failures.Select(failure => failure.Message).Concat(missing).Select(session.Mask.Apply)]);
    }

    private (PlannedState State, string? Reason) Judge(ExecutableTarget target)
    {
        if (target.Status == ExecutionStatus.Failed)
        {
            return (PlannedState.Fails, "its condition cannot be evaluated");
        }

        if (target.Status == ExecutionStatus.Skipped)
        {
            return (PlannedState.RuledOut, string.Join(", ", target.SummaryInformation.Select(pair => pair.Key == nameof(ExecutableTarget.Skipped) ? $"skipped {pair.Value}" : $"only when {pair.Value}")));
        }

        if (target.Definition.Actions.Count == 0)
        {
            return (PlannedState.Collective, null);
        }

        var (state, reason) = Ask(target);
        var maker = state == PlannedState.UpToDate ? target.ExecutionDependencies.FindLast(IsOpen) : null;
        return maker is not null ? (PlannedState.Decided, $"up to date, unless {maker.Name} makes something else") : (state, reason);
    }

    /// <summary>Whether it is not known what the target, or one that it stands for, will have made.</summary>
    private bool IsOpen(ExecutableTarget target) => _states.GetValueOrDefault(target) switch
    {
        PlannedState.Runs or PlannedState.Decided => true,
        PlannedState.Collective => target.ExecutionDependencies.Exists(IsOpen),
        _ => false,
    };

    private (PlannedState State, string? Reason) Ask(ExecutableTarget target)
    {
        string? answer;
        try
        {
            answer = session.Context.Slots.Plan?.Invoke(target.Name);
        }
        catch (Exception e)
        {
            return (PlannedState.Decided, e.Message);
        }

        (string Start, PlannedState State)[] starts =
            [("runs", PlannedState.Runs), ("up to date", PlannedState.UpToDate), ("decided when it runs", PlannedState.Decided), ("ruled out", PlannedState.RuledOut)];
        foreach (var (start, state) in starts)
        {
            if (answer?.StartsWith(start, StringComparison.Ordinal) == true)
            {
                return (state, answer[start.Length..].TrimStart(' ', ':', ',', ';') is { Length: > 0 } rest ? rest : null);
            }
        }

        return answer is null && target.Definition.DynamicConditions is { Count: > 0 } conditions
            ? (PlannedState.Decided, $"only when {string.Join(" && ", conditions.Select(condition => condition.Text))}")
            : (PlannedState.Runs, answer ?? Why(target));
    }

    private string? Why(ExecutableTarget target) => target switch
    {
        { Invoked: true, IsDefault: true } => "the default target",
        { Invoked: true } => "named on the command line",
        _ when plan.Dependents[target].FirstOrDefault(other => other.Status != ExecutionStatus.Skipped) is { } dependent => $"{dependent.Name} depends on it",
        _ when target.TriggerDependencies.Find(trigger => trigger.Status != ExecutionStatus.None) is { } trigger => $"{trigger.Name} triggers it",
        _ => null,
    };

    private IEnumerable<ExecutableTarget> Requesters(ExecutableTarget target) =>
        plan.Dependents[target].Concat(target.TriggerDependencies.Where(trigger => trigger.Status != ExecutionStatus.None));

    private List<PlannedValue> Values()
    {
        var values = new List<PlannedValue>();
        foreach (var parameter in parameters.Catalogue.All.Where(parameter => !EngineParameters.IsRequest(parameter)))
        {
            var source = parameters.SourceOf(parameter);
            var value = source is not null ? parameters.Get(parameter) : Default(parameter);
            if (source is not null || (value is not null && parameter.IsListed))
            {
                values.Add(new PlannedValue(parameter.DashedName, parameter.IsSecret && value is not null ? SecretMask.Mask : Text(value), Source(source)));
            }
        }

        return values;
    }

    private object? Default(ParameterDefinition parameter)
    {
        try
        {
            return parameter.Member switch
            {
                FieldInfo field => field.GetValue(field.IsStatic ? null : build),
                PropertyInfo property => property.GetValue(property.GetMethod!.IsStatic ? null : build),
                _ => null,
            };
        }
        catch (TargetInvocationException)
        {
            // A default that is computed from what is missing; the requirements tell that.
            return null;
        }
    }

    private string? Text(object? value) => value switch
    {
        null => null,
        bool flag => flag ? "true" : "false",
        string text => session.Mask.Apply(text),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        IEnumerable items => string.Join(", ", items.Cast<object?>().Select(Text)),
        _ => session.Mask.Apply(value.ToString() ?? string.Empty),
    };

    private static ValueSource Source(RawValue? raw) => raw switch
    {
        null => new ValueSource(ValueSourceKind.Default),
        { Source: RawValue.CommandLine } => new ValueSource(ValueSourceKind.CommandLine),
        { Variable: { } variable } => new ValueSource(ValueSourceKind.Environment, variable),
        _ => new ValueSource(ValueSourceKind.ParametersFile, raw.Source),
    };
}
