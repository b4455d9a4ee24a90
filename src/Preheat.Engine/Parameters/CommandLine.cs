namespace Nuke.Common.Parameters;

/// <summary>
/// The arguments, taken apart: <c>[target…] [--option value…]</c>. A word that no option takes is a target, before or after options.
/// </summary>
internal sealed class CommandLine
{
    private readonly Dictionary<ParameterDefinition, List<string>> _values = [];
    private readonly string _directory;

    private CommandLine(string directory) => _directory = directory;

    /// <summary>Words that no option takes, split at <c>+</c>.</summary>
    public List<string> Targets { get; } = [];

    /// <summary>Each names the wrong word and the next step.</summary>
    public List<string> Errors { get; } = [];

    public RawValue? Find(ParameterDefinition parameter) =>
        _values.TryGetValue(parameter, out var texts) ? new RawValue(texts, RawValue.CommandLine, _directory) : null;

    public bool Has(ParameterDefinition parameter) => _values.ContainsKey(parameter);

    public static CommandLine Parse(IReadOnlyList<string> arguments, ParameterCatalogue catalogue, string directory)
    {
        var line = new CommandLine(directory);
        var i = 0;
        while (i < arguments.Count)
        {
            var argument = arguments[i++];
            if (!IsOption(argument))
            {
                line.Targets.AddRange(argument.Split('+', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
                continue;
            }

            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            var name = (equals < 0 ? argument : argument[..equals]).TrimStart('-');
            var inline = equals < 0 ? null : argument[(equals + 1)..];
            var words = TakeWords(arguments, i);
            var parameter = name is "h" or "?" ? EngineParameters.Help : catalogue.Find(name);
            if (parameter is null)
            {
                // Its words are most likely its value, and not targets: a second message about them would only confuse.
                i += inline is null ? words.Count : 0;
                line.Errors.Add(Unknown(name, catalogue));
                continue;
            }

            i += inline is null ? line.Add(parameter, words) : line.Add(parameter, [inline], isInline: true);
        }

        return line;
    }

    /// <summary>A word that starts with a dash, unless it is a negative number.</summary>
    private static bool IsOption(string argument) => argument.Length > 1 && argument[0] == '-' && !char.IsAsciiDigit(argument[1]);

    private static List<string> TakeWords(IReadOnlyList<string> arguments, int from)
    {
        var words = new List<string>();
        for (var i = from; i < arguments.Count && !IsOption(arguments[i]); i++)
        {
            words.Add(arguments[i]);
        }

        return words;
    }

    /// <summary>Adds what the option takes of the words that follow it; gives how many of the following arguments that were.</summary>
    private int Add(ParameterDefinition parameter, List<string> words, bool isInline = false)
    {
        var taken = parameter switch
        {
            { IsArray: true } => words.Count,
            { IsSwitch: true } => words.Count > 0 && (isInline || parameter.IsValueOfSwitch(words[0])) ? 1 : 0,
            _ => Math.Min(words.Count, 1),
        };
        if (taken == 0 && !parameter.IsSwitch && parameter != EngineParameters.Skip)
        {
            Errors.Add($"Option --{parameter.DashedName} needs a value: --{parameter.DashedName} VALUE.");
        }

        if (parameter.IsArray && _values.TryGetValue(parameter, out var list))
        {
            list.AddRange(words);
        }
        else
        {
            _values[parameter] = words.GetRange(0, taken);
        }

        return isInline ? 0 : taken;
    }

    private static string Unknown(string name, ParameterCatalogue catalogue)
    {
        var nearest = Nearest.To(name, catalogue.All.Where(parameter => parameter.IsListed).Select(parameter => parameter.DashedName));
        return $"Unknown option --{name}{(nearest is null ? ". Run with --help for all options." : $"; did you mean --{nearest}?")}";
    }
}
