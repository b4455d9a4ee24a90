using System.Globalization;
using System.Text.Json;

namespace Preheat.LocalCloud.Serving.Arguments;

/// <summary>
/// Parses a command line as vLLM's <c>FlexibleArgumentParser</c> does: argparse with underscores equal to dashes,
/// unique prefixes of flags allowed, <c>--flag value</c> and <c>--flag=value</c>, <c>--json-flag.key value</c>.
/// </summary>
internal sealed class ArgumentParser(ServerCommand command, ServerVersion version)
{
    private readonly Dictionary<string, Flag> flags = Known(command, version);
    private readonly List<string> unrecognised = [];
    private readonly ParsedArguments parsed = new();

    /// <exception cref="ServerExit">Code 2, with argparse's message.</exception>
    public ParsedArguments Parse()
    {
        var args = command.Arguments;
        for (var i = 0; i < args.Count;)
        {
            var arg = args[i++];
            if (!IsFlag(arg))
            {
                Positional(arg);
                continue;
            }

            var equals = arg.IndexOf('=');
            var name = equals < 0 ? arg : arg[..equals];
            var inline = equals < 0 ? null : arg[(equals + 1)..];
            if (Find(name) is not var (flag, negated))
            {
                unrecognised.Add(arg);
                continue;
            }

            var dotted = flag.Kind == FlagKind.Json && name.Contains('.');
            Take(flag, negated, dotted, inline, args, ref i);
        }

        if (unrecognised.Count > 0)
        {
            throw Error($"unrecognized arguments: {string.Join(' ', unrecognised)}");
        }

        return parsed;
    }

    /// <summary><c>1k</c> is 1,000 and <c>1K</c> is 1,024, as in vLLM's <c>human_readable_int</c>; null when it is no int.</summary>
    public static long? HumanInt(string text)
    {
        var factor = text.Length == 0 ? 0 : text[^1] switch
        {
            'k' => 1_000L,
            'm' => 1_000_000L,
            'g' => 1_000_000_000L,
            'K' => 1L << 10,
            'M' => 1L << 20,
            'G' => 1L << 30,
            _ => 1L,
        };
        var digits = factor > 1 ? text[..^1] : text;
        if (factor > 1 && decimal.TryParse(digits, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            return (long)(number * factor);
        }

        return long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var plain) && Math.Abs(plain) <= int.MaxValue ? plain : null;
    }

    private static Dictionary<string, Flag> Known(ServerCommand command, ServerVersion version)
    {
        var scope = command.EntryPoint == EntryPoint.Legacy ? FlagScope.Legacy : FlagScope.OpenAi;
        var known = new Dictionary<string, Flag>(StringComparer.Ordinal);
        foreach (var flag in VllmFlags.All.Where(f => f.KnownTo(version, scope)))
        {
            known["--" + flag.Name] = flag;
            if (flag.Short is { } alias)
            {
                known["-" + alias] = flag;
            }

            if (flag.NegatableIn(version))
            {
                known["--no-" + flag.Name] = flag;
            }
        }

        return known;
    }

    // A lone dash and a negative number are values.
    private static bool IsFlag(string arg) => arg.Length > 1 && arg[0] == '-' && !double.TryParse(arg, CultureInfo.InvariantCulture, out _);

    private void Positional(string arg)
    {
        if (command.EntryPoint == EntryPoint.Serve && parsed.Positional is null && unrecognised.Count == 0)
        {
            parsed.Positional = arg;
        }
        else
        {
            unrecognised.Add(arg);
        }
    }

    private (Flag Flag, bool Negated)? Find(string name)
    {
        var wanted = name.StartsWith("--", StringComparison.Ordinal) ? name.Replace('_', '-') : name;
        var dot = wanted.IndexOf('.');
        if (dot > 0 && flags.GetValueOrDefault(wanted[..dot]) is { Kind: FlagKind.Json } json)
        {
            return (json, false);
        }

        if (!flags.ContainsKey(wanted) && wanted.StartsWith("--", StringComparison.Ordinal))
        {
            var candidates = flags.Keys.Where(k => k.StartsWith(wanted, StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
            if (candidates.Count > 1)
            {
                throw Error($"ambiguous option: {name} could match {string.Join(", ", candidates)}");
            }

            wanted = candidates.Count == 1 ? candidates[0] : wanted;
        }

        return flags.TryGetValue(wanted, out var flag) ? (flag, wanted.StartsWith("--no-", StringComparison.Ordinal)) : null;
    }

    private void Take(Flag flag, bool negated, bool dotted, string? inline, IReadOnlyList<string> args, ref int next)
    {
        if (flag.Kind == FlagKind.Switch)
        {
            if (inline is null && flag.TakesOptionalValueIn(version) && next < args.Count && args[next].ToLowerInvariant() is "true" or "false")
            {
                inline = args[next++];
            }

            if (inline is not null && !flag.TakesOptionalValueIn(version))
            {
                throw Error($"argument {Names(flag)}: ignored explicit argument '{inline}'");
            }

            parsed.Set(flag.Name, [(inline?.ToLowerInvariant() ?? "true") == "true" != negated ? "True" : "False"]);
            return;
        }

        var given = new List<string>();
        if (inline is not null)
        {
            given.Add(inline);
        }
        else
        {
            while (next < args.Count && !IsFlag(args[next]) && (flag.Kind == FlagKind.List || given.Count == 0))
            {
                given.Add(args[next++]);
            }
        }

        if (given.Count == 0)
        {
            throw Error($"argument {Names(flag)}: expected {(flag.Kind == FlagKind.List ? "at least one argument" : "one argument")}");
        }

        // --json-flag.key carries one plain value of the object.
        if (!dotted)
        {
            given.ForEach(value => Check(flag, value));
        }

        parsed.Set(flag.Name, given);
    }

    private void Check(Flag flag, string value)
    {
        var wrong = flag.Kind switch
        {
            FlagKind.Int when HumanInt(value) is null || !char.IsAsciiDigit(value[^1]) => $"invalid int value: '{value}'",
            FlagKind.HumanInt when HumanInt(value) is null or > int.MaxValue => $"invalid {(version.Minor >= 9 ? "human_readable_int" : "int")} value: '{value}'",
            FlagKind.Float when !double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _) => $"invalid float value: '{value}'",
            FlagKind.Port when HumanInt(value) is not (>= 0 and <= 65_535) => $"invalid check_port value: '{value}'",
            FlagKind.Json when !IsJson(flag, value) => $"Value {value} cannot be converted to <function loads>.",
            _ => null,
        };
        if (wrong is null && flag.Choices.Count > 0 && !flag.Choices.Contains(value))
        {
            wrong = $"invalid choice: '{value}' (choose from {string.Join(", ", flag.Choices.Select(c => $"'{c}'"))})";
        }

        if (wrong is not null)
        {
            throw Error($"argument {Names(flag)}: {wrong}");
        }
    }

    private static bool IsJson(Flag flag, string value)
    {
        // -O3 and --limit-mm-per-prompt image=1 are older forms of what is JSON today.
        if (flag.Name is "compilation-config" or "limit-mm-per-prompt" && value is not ['{', ..])
        {
            return value.Length > 0;
        }

        try
        {
            using var document = JsonDocument.Parse(value);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Names(Flag flag) => flag.Short is { } alias ? $"--{flag.Name}/-{alias}" : $"--{flag.Name}";

    private ServerExit Error(string message) => new(2, $"usage: {Usage} [options]", $"{command.Program}: error: {message}");

    private string Usage => command.EntryPoint == EntryPoint.Serve ? "vllm serve [model_tag]" : command.Program;
}
