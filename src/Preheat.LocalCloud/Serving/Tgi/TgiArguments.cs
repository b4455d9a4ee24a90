using System.Globalization;

namespace Preheat.LocalCloud.Serving.Tgi;

/// <summary>
/// The launcher's arguments, parsed as clap 4 does (https://docs.rs/clap/4): exact names, <c>--flag value</c> and <c>--flag=value</c>, a variable of the environment
/// where a flag is not given, each flag once. The first wrong one ends the launcher with code 2.
/// </summary>
internal sealed class TgiArguments
{
    private static readonly string[] FalseWords = ["n", "no", "f", "false", "off", "0"];

    private readonly Dictionary<string, string> values = new(StringComparer.Ordinal);

    private TgiArguments()
    {
    }

    public string Model => values["model-id"];

    public int Port => (int)Number("port")!.Value;

    /// <exception cref="ServerExit">Code 2, with clap's message.</exception>
    public static TgiArguments Parse(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var parsed = new TgiArguments();
        for (var i = 0; i < arguments.Count;)
        {
            parsed.Take(arguments, ref i);
        }

        foreach (var flag in TgiFlags.All)
        {
            if (flag.HasVariable && !parsed.values.ContainsKey(flag.Name) && environment.TryGetValue(flag.Variable, out var value))
            {
                parsed.FromVariable(flag, value);
            }

            if (flag.Default is { } standard)
            {
                parsed.values.TryAdd(flag.Name, standard);
            }
        }

        return parsed;
    }

    /// <summary>The value of a flag, or its default; null when it has none.</summary>
    public string? Text(string name) => values.GetValueOrDefault(name);

    public long? Number(string name) => Text(name) is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : null;

    public double? Float(string name) => Text(name) is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : null;

    public bool Switch(string name) => Text(name) == "true";

    /// <summary>The <c>Args</c> as the launcher prints them, in Rust's pretty form; secrets hidden.</summary>
    public IEnumerable<string> Lines()
    {
        yield return "Args {";
        foreach (var flag in TgiFlags.All)
        {
            var value = flag.Name is "api-key" or "ngrok-authtoken" && Text(flag.Name) is not null ? "***" : Text(flag.Name);
            var field = flag.Name.Replace('-', '_');
            var shown = flag.Kind == TgiFlagKind.Text && flag.Choices.Count == 0 ? $"\"{value}\"" : value;
            if (flag.Kind == TgiFlagKind.Switch || flag.Default is not null)
            {
                yield return $"    {field}: {shown ?? "false"},";
            }
            else if (value is null)
            {
                yield return $"    {field}: None,";
            }
            else
            {
                yield return $"    {field}: Some(";
                yield return $"        {shown},";
                yield return "    ),";
            }
        }

        yield return "}";
    }

    private void Take(IReadOnlyList<string> arguments, ref int next)
    {
        var argument = arguments[next++];
        var equals = argument.IndexOf('=');
        var name = equals < 0 ? argument : argument[..equals];
        var inline = equals < 0 ? null : argument[(equals + 1)..];
        var flag = TgiFlags.All.FirstOrDefault(f => name == $"--{f.Name}" || f.Short is { } letter && name == $"-{letter}");
        if (flag is null && argument is ['-', not '-', ..] && TgiFlags.All.FirstOrDefault(f => f.Short == argument[1]) is { } glued)
        {
            // -p80
            (flag, inline) = (glued, argument[2..].TrimStart('='));
        }

        if (flag is null)
        {
            throw Error($"unexpected argument '{name}' found", usage: true);
        }

        if (values.ContainsKey(flag.Name))
        {
            throw Error($"the argument '{flag.Shown}' cannot be used multiple times", usage: true);
        }

        if (flag.Kind == TgiFlagKind.Switch)
        {
            values[flag.Name] = inline is null ? "true" : throw Error($"unexpected value '{inline}' for '{flag.Shown}' found; no more were accepted", usage: true);
            return;
        }

        if (inline is null)
        {
            inline = next < arguments.Count && !(arguments[next].Length > 1 && arguments[next][0] == '-') ? arguments[next++] : throw NoValue(flag);
        }

        Set(flag, inline);
    }

    private void FromVariable(TgiFlag flag, string value)
    {
        if (flag.Kind != TgiFlagKind.Switch)
        {
            Set(flag, value);
        }
        else if (value.Length > 0 && !FalseWords.Contains(value.ToLowerInvariant()))
        {
            values[flag.Name] = "true";
        }
    }

    private void Set(TgiFlag flag, string value)
    {
        if (value.Length == 0 && flag.Kind != TgiFlagKind.Text)
        {
            throw NoValue(flag);
        }

        if (flag.Choices.Count > 0 && !flag.Choices.Contains(value))
        {
            throw new ServerExit(2, $"error: invalid value '{value}' for '{flag.Shown}'", $"  [possible values: {string.Join(", ", flag.Choices)}]", "", "For more information, try '--help'.");
        }

        var wrong = flag.Kind switch
        {
            TgiFlagKind.Size => WrongNumber(value, null),
            TgiFlagKind.Unsigned => WrongNumber(value, uint.MaxValue),
            TgiFlagKind.Port => WrongNumber(value, ushort.MaxValue),
            TgiFlagKind.Sizes => value.Split(',').Select(part => WrongNumber(part, null)).FirstOrDefault(w => w is not null),
            TgiFlagKind.Float when !double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _) => "invalid float literal",
            _ => null,
        };
        values[flag.Name] = wrong is null ? value : throw Error($"invalid value '{value}' for '{flag.Shown}': {wrong}", usage: false);
    }

    private static string? WrongNumber(string text, long? most)
    {
        if (text.Length == 0 || !text.All(char.IsAsciiDigit))
        {
            return text.Length == 0 ? "cannot parse integer from empty string" : "invalid digit found in string";
        }

        return !long.TryParse(text, CultureInfo.InvariantCulture, out var number) ? "number too large to fit in target type"
            : number > most ? $"{number} is not in 0..={most}"
            : null;
    }

    private static ServerExit NoValue(TgiFlag flag) => Error($"a value is required for '{flag.Shown}' but none was supplied", usage: false);

    private static ServerExit Error(string message, bool usage) => usage
        ? new(2, $"error: {message}", "", "Usage: text-generation-launcher [OPTIONS]", "", "For more information, try '--help'.")
        : new(2, $"error: {message}", "", "For more information, try '--help'.");
}
