using System.Reflection;
using Nuke.Common.Execution;
using Nuke.Common.Parameters;

namespace Nuke.Common.Output;

/// <summary>What <c>--help</c> prints.</summary>
internal static class HelpText
{
    /// <summary>With less room beside the names, descriptions stand below them.</summary>
    private const int NarrowestColumn = 24;

    public static IEnumerable<OutputLine> Create(TargetGraph graph, ParameterCatalogue catalogue, NukeBuild build, int width) =>
        [.. Targets(graph, width), .. Parameters(graph, catalogue, build, width)];

    private static IEnumerable<OutputLine> Targets(TargetGraph graph, int width)
    {
        var listed = graph.Targets.Where(target => target.Listed).ToList();
        var column = Math.Max(listed.Select(target => Label(target).Length).DefaultIfEmpty().Max(), 20);
        yield return new OutputLine("Targets (with their direct dependencies):", Tone.Strong);
        yield return new OutputLine("");
        foreach (var target in listed)
        {
            var dependencies = target.ExecutionDependencies.Count > 0 ? $" -> {string.Join(", ", target.ExecutionDependencies)}" : string.Empty;
            yield return new OutputLine($"  {Label(target).PadRight(column)}{dependencies}".TrimEnd(), Tone.Good);
            foreach (var line in TextWrap.Wrap(target.Description ?? string.Empty, width - 4))
            {
                yield return new OutputLine($"    {line}");
            }
        }
    }

    private static IEnumerable<OutputLine> Parameters(TargetGraph graph, ParameterCatalogue catalogue, NukeBuild build, int width)
    {
        var listed = catalogue.All.Where(parameter => parameter.IsListed).ToList();
        var column = Math.Max(listed.Max(parameter => parameter.DashedName.Length), 16);
        var indent = width - column - 7 >= NarrowestColumn ? column + 7 : 6;
        var defaults = string.Join(", ", graph.Targets.Where(target => target.IsDefault).Select(target => target.Name).DefaultIfEmpty("<none>"));
        foreach (var group in listed.GroupBy(Heading))
        {
            yield return new OutputLine("");
            yield return new OutputLine(group.Key, Tone.Strong);
            yield return new OutputLine("");
            foreach (var parameter in group)
            {
                var lines = TextWrap.Wrap(Description(parameter, build).Replace("{default_target}", defaults, StringComparison.Ordinal), width - indent);
                var isBeside = indent > 6;
                yield return new OutputLine(isBeside ? $"  --{parameter.DashedName.PadRight(column)}   {lines[0]}" : $"  --{parameter.DashedName}");
                foreach (var line in lines.Skip(isBeside ? 1 : 0))
                {
                    yield return new OutputLine(new string(' ', indent) + line);
                }
            }
        }
    }

    private static string Description(ParameterDefinition parameter, NukeBuild build)
    {
        var text = string.IsNullOrWhiteSpace(parameter.Description) ? string.Empty : parameter.Description.TrimEnd().TrimEnd('.') + ".";
        if (!parameter.IsEngineOwn && parameter.Choices(build) is { Count: > 0 } choices && !choices.All(choice => text.Contains(choice, StringComparison.OrdinalIgnoreCase)))
        {
            text += $" One of: {string.Join(", ", choices)}.";
        }

        if (Initial(parameter, build) is { } value && !text.Contains("default", StringComparison.OrdinalIgnoreCase))
        {
            text += $" Default is {value}.";
        }

        return text.Length == 0 ? "<no description>" : text;
    }

    /// <summary>What the build's own initialiser gave the field or property; null when that is nothing to speak of.</summary>
    private static string? Initial(ParameterDefinition parameter, NukeBuild build)
    {
        var value = parameter.Member switch
        {
            _ when parameter.IsSecret || build.Session.Parameters?.SourceOf(parameter) is not null => null,
            FieldInfo field => field.GetValue(field.IsStatic ? null : build),
            PropertyInfo { DeclaringType.IsInterface: false } property => property.GetValue(property.GetMethod!.IsStatic ? null : build),
            _ => null,
        };
        return value switch
        {
            string { Length: > 0 } text => text,
            IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
            _ => null,
        };
    }

    /// <summary>Parameters stand together as they are declared: <c>ILoadTest</c> has the <c>Load test parameters</c>.</summary>
    private static string Heading(ParameterDefinition parameter)
    {
        if (parameter.Member?.DeclaringType is not { } type)
        {
            return "Engine parameters:";
        }

        if (!type.IsInterface)
        {
            return "Parameters:";
        }

        var name = type.Name.StartsWith("IHaz", StringComparison.Ordinal) ? type.Name[4..] : type.Name.TrimStart('I');
        var words = ParameterNames.Dashed(name).Replace('-', ' ');
        return words.Length == 0 ? "Parameters:" : $"{char.ToUpperInvariant(words[0])}{words[1..]} parameters:";
    }

    private static string Label(ExecutableTarget target) => target.IsDefault ? $"{target.Name} (default)" : target.Name;
}
