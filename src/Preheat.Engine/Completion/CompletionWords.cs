using Nuke.Common.Execution;
using Nuke.Common.IO;
using Nuke.Common.Parameters;

namespace Nuke.Common.Completion;

/// <summary>Everything that may stand on the command line.</summary>
internal sealed record CompletionWords(IReadOnlyList<CompletionWord> Targets, IReadOnlyList<CompletionOption> Options)
{
    public static CompletionWords Of(TargetGraph graph, ParameterCatalogue catalogue, NukeBuild build)
    {
        var targets = graph.Targets.Where(target => target.Listed).Select(target => new CompletionWord(target.Name, Brief(target.Description))).ToList();
        return new CompletionWords(targets, [.. catalogue.All.Where(parameter => parameter.IsListed).Select(parameter => Option(parameter, targets, build))]);
    }

    private static CompletionOption Option(ParameterDefinition parameter, List<CompletionWord> targets, NukeBuild build)
    {
        var isOfTargets = parameter == EngineParameters.Target || parameter == EngineParameters.Skip;
        IReadOnlyList<string> names = [.. targets.Select(target => target.Text)];
        var choices = isOfTargets ? names : parameter.Choices(build) ?? [];
        if (choices.Count > 0 && parameter.IsSwitch)
        {
            // The word after it may be its value, or it stands alone and a target follows.
            choices = [.. choices.Where(choice => !bool.TryParse(choice, out _)), .. names];
        }

        return new CompletionOption("--" + parameter.DashedName, Brief(parameter.Description), choices)
        {
            IsSwitch = parameter.IsSwitch,
            IsPath = (parameter.Type.GetElementType() ?? parameter.Type) == typeof(AbsolutePath),
        };
    }

    /// <summary>The first sentence: a list of candidates has one line for each.</summary>
    private static string Brief(string? description)
    {
        var text = string.Join(' ', (description ?? string.Empty).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        var end = text.IndexOf(". ", StringComparison.Ordinal);
        return (end < 0 ? text : text[..end]).TrimEnd('.');
    }
}

/// <summary>A candidate, with what it means.</summary>
internal record CompletionWord(string Text, string Description);

/// <summary>An option, with the values that it may have; none when any will do.</summary>
internal sealed record CompletionOption(string Text, string Description, IReadOnlyList<string> Choices) : CompletionWord(Text, Description)
{
    /// <summary>Whether it may stand without a value.</summary>
    public bool IsSwitch { get; init; }

    /// <summary>Whether its value is the path of a file or a directory.</summary>
    public bool IsPath { get; init; }
}
