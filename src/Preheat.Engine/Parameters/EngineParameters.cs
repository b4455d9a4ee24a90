using Nuke.Common.CI;
using Nuke.Common.Completion;
using Nuke.Common.IO;

namespace Nuke.Common.Parameters;

/// <summary>What the engine itself understands, under Nuke's names.</summary>
internal static class EngineParameters
{
    public static readonly ParameterDefinition Target =
        new("Target", null, typeof(string[]), "List of targets to be invoked. Default is '{default_target}'.") { Separator = '+' };

    public static readonly ParameterDefinition Skip =
        new("Skip", null, typeof(string[]), "List of targets to be skipped. Empty list skips all dependencies.") { Separator = '+' };

    public static readonly ParameterDefinition Continue =
        new("Continue", null, typeof(bool), "Resumes a failed call: leaves out the targets that have succeeded, unless a parameter has another value now.");

    public static readonly ParameterDefinition Host =
        new("Host", null, typeof(string), "Where the build runs: GitHubActions, Server or Terminal. Default is what the environment tells.") { AllowedValues = _ => Common.Host.Names };

    public static readonly ParameterDefinition Partition =
        new("Partition", null, typeof(Partition), "Partition to use on CI, such as 2/3.") { IsListed = false };

    public static readonly ParameterDefinition Plan =
        new("Plan", null, typeof(string), "Shows what would run, in which order, and why, and where the values come from; runs nothing. 'json' prints it for other programs.")
        {
            BareValue = "text",
            AllowedValues = _ => ["json", "text", "true", "false"],
        };

    public static readonly ParameterDefinition Help = new("Help", null, typeof(bool), "Shows this text.");

    public static readonly ParameterDefinition NoLogo = new("NoLogo", null, typeof(bool), "Leaves out the line that names the engine.");

    public static readonly ParameterDefinition Verbosity =
        new("Verbosity", null, typeof(Verbosity), "How much is logged: verbose, normal, minimal or quiet. Default is 'normal'.");

    public static readonly ParameterDefinition Profile =
        new("Profile", null, typeof(string[]), "Names of profiles to load: .nuke/parameters.NAME.json. The last one named is the strongest.");

    public static readonly ParameterDefinition Root =
        new("Root", null, typeof(AbsolutePath), "Root directory. Default is the nearest one upwards that holds '.nuke'.");

    public static readonly ParameterDefinition DegreeOfParallelism =
        new("DegreeOfParallelism", null, typeof(int), "How many independent targets run at the same time. Default is 2; 1 runs them one by one.");

    public static readonly ParameterDefinition FailFast =
        new("FailFast", null, typeof(bool), "When a target fails, cancels what runs beside it, instead of letting it finish.");

    public static readonly ParameterDefinition Completion =
        new("Completion", null, typeof(string), "Prints a script that lets a shell complete targets, options and values: bash, zsh, fish or pwsh.")
        {
            AllowedValues = _ => CompletionScript.Shells,
        };

    /// <summary>Whether it says what is to be done, and not how.</summary>
    public static bool IsRequest(ParameterDefinition parameter) => parameter == Target || parameter == Plan || parameter == Help || parameter == Completion;

    public static IReadOnlyList<ParameterDefinition> All { get; } =
        [Target, Skip, Continue, DegreeOfParallelism, FailFast, Plan, Help, Completion, NoLogo, Verbosity, Profile, Root, Host, Partition];
}
