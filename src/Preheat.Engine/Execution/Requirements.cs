using System.Collections;
using System.Linq.Expressions;
using System.Reflection;
using Nuke.Common.Parameters;
using Nuke.Common.Tooling;

namespace Nuke.Common.Execution;

/// <summary>What must be there before anything runs.</summary>
internal static class Requirements
{
    /// <summary>All that is missing: required parameters, and what scheduled targets require. Empty when the build can run.</summary>
    public static IReadOnlyList<string> FindMissing(NukeBuild build, TargetPlan plan, ParameterCatalogue catalogue)
    {
        var missing = catalogue.All
            .Where(parameter => parameter is { IsRequired: true, Member: not null } && IsMissing(parameter.Member, parameter, build))
            .Select(parameter => $"Parameter --{parameter.DashedName} is required. {HowToSet(parameter)}")
            .ToList();
        foreach (var target in plan.Order.Where(target => target.Status == ExecutionStatus.Scheduled))
        {
            missing.AddRange(target.Definition.Requirements.Select(requirement => Check(target, requirement, build, catalogue)).OfType<string>());
        }

        return missing;
    }

    private static string? Check(ExecutableTarget target, LambdaExpression requirement, NukeBuild build, ParameterCatalogue catalogue)
    {
        if (requirement.ReturnType == typeof(bool))
        {
            var holds = ((Expression<Func<bool>>)requirement).Compile(preferInterpretation: true);
            return holds() ? null : $"Target '{target.Name}' requires {Text(requirement.Body)}.";
        }

        var member = ParameterValues.MemberOf(requirement);
        var parameter = catalogue.Find(member);
        if (!IsMissing(member, parameter, build))
        {
            return null;
        }

        if (requirement.ReturnType == typeof(Tool) && member.GetCustomAttribute<PathVariableAttribute>() is { } program)
        {
            var name = program.NameFor(member);
            return $"Target '{target.Name}' requires the program '{name}', which is not on the PATH. Install it, or set {name.ToUpperInvariant().Replace('-', '_')}_EXE in the environment.";
        }

        return $"Target '{target.Name}' requires member '{member.Name}' to be not null or empty{(parameter is null ? "." : $". {HowToSet(parameter)}")}";
    }

    private static string HowToSet(ParameterDefinition parameter) =>
        $"Pass --{parameter.DashedName} VALUE, or set NUKE_{parameter.DashedName.ToUpperInvariant().Replace('-', '_')} in the environment{(parameter.IsSecret ? "." : " or the parameter in .nuke/parameters.json.")}";

    private static object? Value(MemberInfo member, NukeBuild build) => member switch
    {
        FieldInfo field => field.GetValue(field.IsStatic ? null : build),
        PropertyInfo property => property.GetValue(property.GetMethod!.IsStatic ? null : build),
        _ => null,
    };

    private static bool IsMissing(MemberInfo member, ParameterDefinition? parameter, NukeBuild build) =>
        IsEmpty(Value(member, build)) && (build.Plan || parameter is null || !Prompt.Ask(parameter, build, build.Session));

    private static bool IsEmpty(object? value) => value is null or "" or ICollection { Count: 0 };

    /// <summary>The expression without the instance that it closes over: <c>value(Build).Configuration</c> is <c>Configuration</c>.</summary>
    private static string Text(Expression body)
    {
        var text = body.ToString();
        for (var start = text.IndexOf("value(", StringComparison.Ordinal); start >= 0; start = text.IndexOf("value(", StringComparison.Ordinal))
        {
            var end = text.IndexOf(").", start, StringComparison.Ordinal);
            if (end < 0)
            {
                break;
            }

            text = text.Remove(start, end + 2 - start);
        }

        return text;
    }
}
