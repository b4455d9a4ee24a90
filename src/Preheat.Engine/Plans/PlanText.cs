using Nuke.Common.Output;

namespace Nuke.Common.Plans;

/// <summary>What <c>--plan</c> prints for a person: the graph, what becomes of each target and why, and where the values come from.</summary>
internal static class PlanText
{
    public static IEnumerable<OutputLine> Create(PlanDocument plan, int width)
    {
        yield return new OutputLine(
            plan.Degree > 1 ? $"Plan (from top to bottom; up to {plan.Degree} targets at the same time):" : "Plan (from top to bottom, one by one):",
            Tone.Strong);
        yield return new OutputLine("");
        foreach (var line in Targets(plan, width))
        {
            yield return line;
        }

        foreach (var line in Values(plan, width))
        {
            yield return line;
        }

        foreach (var problem in plan.Problems)
        {
            yield return new OutputLine("");
            yield return new OutputLine($"Would fail: {problem}", Tone.Error);
        }
    }

    private static IEnumerable<OutputLine> Targets(PlanDocument plan, int width)
    {
        var rows = Rows(plan);
        var name = plan.Targets.Max(target => target.Name.Length);
        foreach (var (target, row) in plan.Targets.Zip(rows))
        {
            var indent = row.Node.Length + name + 6;
            var lines = TextWrap.Wrap(Said(target), Math.Max(width - indent, 20));
            var tone = target.State switch
            {
                PlannedState.Runs => Tone.Plain,
                PlannedState.Decided => Tone.Warning,
                PlannedState.UpToDate => Tone.Good,
                PlannedState.Fails => Tone.Error,
                _ => Tone.Faint,
            };
            yield return new OutputLine($"  {row.Node}  {target.Name.PadRight(name)}  {lines[0]}", tone);
            foreach (var line in lines.Skip(1))
            {
                yield return new OutputLine($"  {row.Below}  {new string(' ', name)}  {line}", tone);
            }
        }
    }

    /// <summary>The drawing, or numbers when it would be too wide.</summary>
    private static IReadOnlyList<PlanDrawing.Row> Rows(PlanDocument plan)
    {
        var numbers = plan.Targets.Index().ToDictionary(pair => pair.Item.Name, pair => pair.Index);
        var marks = plan.Targets.Select(target => target.State is PlannedState.Runs or PlannedState.Decided ? '●' : target.State == PlannedState.Fails ? '✗' : '○').ToList();
        if (PlanDrawing.Create([.. plan.Targets.Select(target => target.After.Select(other => numbers[other]).ToList())], marks) is { } drawing)
        {
            return drawing;
        }

        var texts = plan.Targets.Select(target => target.After.Count > 0 ? $"after {string.Join(", ", target.After.Select(other => numbers[other] + 1))}" : "").ToList();
        var column = texts.Max(text => text.Length);
        return [.. texts.Select((text, index) => new PlanDrawing.Row($"{index + 1,5} {text.PadRight(column)}", new string(' ', column + 6)))];
    }

    private static string Said(PlannedTarget target)
    {
        var state = target.State switch
        {
            PlannedState.UpToDate => "up to date",
            PlannedState.RuledOut => "ruled out",
            PlannedState.Decided => "decided when it runs",
            PlannedState.Collective => "stands for its dependencies",
            PlannedState.Fails => "fails",
            _ => "runs",
        };
        return target.Reason is null ? state : $"{state}: {target.Reason}";
    }

    private static IEnumerable<OutputLine> Values(PlanDocument plan, int width)
    {
        if (plan.Parameters.Count == 0)
        {
            yield break;
        }

        yield return new OutputLine("");
        yield return new OutputLine("Values:", Tone.Strong);
        yield return new OutputLine("");
        var column = plan.Parameters.Max(parameter => parameter.Name.Length);
        foreach (var parameter in plan.Parameters)
        {
            var lines = TextWrap.Wrap($"{parameter.Value} ({parameter.Source})", Math.Max(width - column - 7, 20));
            yield return new OutputLine($"  --{parameter.Name.PadRight(column)}   {lines[0]}", parameter.Source.Kind == ValueSourceKind.Default ? Tone.Faint : Tone.Plain);
            foreach (var line in lines.Skip(1))
            {
                yield return new OutputLine($"{new string(' ', column + 7)}{line}", parameter.Source.Kind == ValueSourceKind.Default ? Tone.Faint : Tone.Plain);
            }
        }
    }
}
