using System.Text;
using Nuke.Common.Execution;
using Nuke.Common.Parameters;

namespace Nuke.Common.Output;

/// <summary>What <c>--help</c> prints.</summary>
internal static class HelpText
{
    public static string Create(TargetGraph graph, ParameterCatalogue catalogue, NukeBuild build, int width)
    {
        var text = new StringBuilder();
        Targets(text, graph, width);
        Parameters(text, graph, catalogue, build, width);
        return text.ToString().TrimEnd('\n');
    }

    private static void Targets(StringBuilder text, TargetGraph graph, int width)
    {
        var listed = graph.Targets.Where(target => target.Listed).ToList();
        var column = Math.Max(listed.Select(target => Label(target).Length).DefaultIfEmpty().Max(), 20);
        text.Append("Targets (with their direct dependencies):\n\n");
        foreach (var target in listed)
        {
            var dependencies = target.ExecutionDependencies.Count > 0 ? $" -> {string.Join(", ", target.ExecutionDependencies)}" : string.Empty;
            text.Append($"  {Label(target).PadRight(column)}{dependencies}".TrimEnd()).Append('\n');
            foreach (var line in Wrap(target.Description ?? string.Empty, width - 4))
            {
                text.Append("    ").Append(line).Append('\n');
            }
        }
    }

    private static void Parameters(StringBuilder text, TargetGraph graph, ParameterCatalogue catalogue, NukeBuild build, int width)
    {
        var listed = catalogue.All.Where(parameter => parameter.IsListed).ToList();
        var column = Math.Max(listed.Max(parameter => parameter.DashedName.Length), 16);
        var defaults = graph.Targets.Where(target => target.IsDefault).Select(target => target.Name).DefaultIfEmpty("<none>");
        text.Append("\nParameters:\n");
        foreach (var group in listed.GroupBy(parameter => parameter.IsEngineOwn))
        {
            text.Append('\n');
            foreach (var parameter in group)
            {
                var description = Sentence(parameter.Description).Replace("{default_target}", string.Join(", ", defaults), StringComparison.Ordinal);
                if (parameter.AllowedValues(build) is { Count: > 0 } allowed)
                {
                    description += $" One of: {string.Join(", ", allowed)}.";
                }

                var indent = new string(' ', column + 7);
                var lines = Wrap(description, width - indent.Length);
                text.Append($"  --{parameter.DashedName.PadRight(column)}   {string.Join($"\n{indent}", lines)}".TrimEnd()).Append('\n');
            }
        }
    }

    private static string Label(ExecutableTarget target) => target.IsDefault ? $"{target.Name} (default)" : target.Name;

    private static string Sentence(string? description) =>
        string.IsNullOrWhiteSpace(description) ? "<no description>" : description.TrimEnd().TrimEnd('.') + ".";

    /// <summary>Lines of at most <paramref name="width"/> characters, broken at spaces; a longer word stands alone.</summary>
    internal static List<string> Wrap(string text, int width)
    {
        var lines = new List<string>();
        foreach (var word in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (lines.Count > 0 && lines[^1].Length + 1 + word.Length <= width)
            {
                lines[^1] += ' ' + word;
            }
            else
            {
                lines.Add(word);
            }
        }

        return lines;
    }
}
