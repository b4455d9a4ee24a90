using System.Text;

namespace Preheat.LocalCloud.Pods;

/// <summary>
/// The part of the shell's language that image entrypoints use to start one program: <c>exec</c>, words, quotes, <c>$V</c>, <c>${V}</c>,
/// <c>${V:-d}</c>, <c>${V:+w}</c>, <c>"$@"</c>
/// (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html). Anything else is not understood.
/// </summary>
internal sealed class ShellCommand
{
    private const string Operators = ";|&<>()`";

    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly IReadOnlyList<string> _positional;
    private readonly List<string> _words = [];
    private readonly StringBuilder _word = new();
    private bool _inWord;

    private ShellCommand(IReadOnlyDictionary<string, string> environment, IReadOnlyList<string> positional) =>
        (_environment, _positional) = (environment, positional);

    /// <summary>
    /// The program that <c>sh -c SCRIPT [name [argument…]]</c> becomes, with its arguments. The same argv when it is no shell; null when the
    /// script needs more of a shell than this.
    /// </summary>
    public static IReadOnlyList<string>? Unwrap(IReadOnlyList<string> argv, IReadOnlyDictionary<string, string> environment)
    {
        if (argv.Count < 3 || argv[1] is not ("-c" or "-ec" or "-lc") || argv[0].Split('/')[^1] is not ("sh" or "bash" or "dash"))
        {
            return argv;
        }

        var shell = new ShellCommand(environment, [.. argv.Skip(3)]);
        if (!shell.Read(argv[2], quoted: false))
        {
            return null;
        }

        shell.EndWord();
        var words = shell._words.Count > 0 && shell._words[0] == "exec" ? shell._words.Skip(1).ToList() : shell._words;

        return words.Count == 0 || words[0].Contains('=', StringComparison.Ordinal) ? null : words;
    }

    private bool Read(string text, bool quoted)
    {
        for (var at = 0; at < text.Length; at++)
        {
            var c = text[at];
            if (c == '\\')
            {
                if (++at >= text.Length)
                {
                    return false;
                }

                if (text[at] != '\n')
                {
                    Append(quoted && !"$`\"\\".Contains(text[at], StringComparison.Ordinal) ? $"\\{text[at]}" : text[at].ToString());
                }
            }
            else if (c == '\'' && !quoted)
            {
                var close = text.IndexOf('\'', at + 1);
                if (close < 0)
                {
                    return false;
                }

                Append(text[(at + 1)..close]);
                at = close;
            }
            else if (c == '"' && !quoted)
            {
                var close = CloseOf(text, at + 1, '"');
                if (close < 0)
                {
                    return false;
                }

                // "$@" with no arguments is no word at all; every other quoted text is one, even if empty.
                var inner = text[(at + 1)..close];
                _inWord |= inner != "$@";
                if (!Read(inner, quoted: true))
                {
                    return false;
                }

                at = close;
            }
            else if (c == '$')
            {
                if (!Expand(text, ref at, quoted))
                {
                    return false;
                }
            }
            else if (!quoted && (c is '\n' ? (_inWord || _words.Count > 0) && text[at..].Trim().Length > 0 : Operators.Contains(c, StringComparison.Ordinal)))
            {
                return false;
            }
            else if (!quoted && char.IsWhiteSpace(c))
            {
                EndWord();
            }
            else if (!quoted && !_inWord && (c == '#' || c is '*' or '?' or '~'))
            {
                return false;
            }
            else
            {
                Append(c.ToString());
            }
        }

        return true;
    }

    private bool Expand(string text, ref int at, bool quoted)
    {
        var next = at + 1 < text.Length ? text[at + 1] : '\0';
        if (next == '@')
        {
            at++;
            for (var i = 1; i < _positional.Count; i++)
            {
                Append(_positional[i]);
                if (i + 1 < _positional.Count)
                {
                    EndWord();
                }
            }

            return true;
        }

        if (next == '{')
        {
            var close = CloseOf(text, at + 2, '}');
            var inner = close < 0 ? "" : text[(at + 2)..close];
            at = close;
            return close >= 0 && Braced(inner, quoted);
        }

        var length = NameLength(text, at + 1);
        if (length > 0)
        {
            Substitute(Value(text.Substring(at + 1, length)) ?? "", quoted);
            at += length;
            return true;
        }

        // A lone dollar stands for itself; "$(" and "$?" need a real shell.
        if (next is '(' or '?' or '!' or '#' or '*' or '$')
        {
            return false;
        }

        Append("$");
        return true;
    }

    private bool Braced(string inner, bool quoted)
    {
        var length = NameLength(inner, 0);
        var rest = inner[length..];
        if (length == 0)
        {
            return false;
        }

        var value = Value(inner[..length]);
        switch (rest)
        {
            case "":
                Substitute(value ?? "", quoted);
                return true;
            case [':', '-', .. var word]:
                return string.IsNullOrEmpty(value) ? Read(word, quoted) : Taken(value, quoted);
            case ['-', .. var word]:
                return value is null ? Read(word, quoted) : Taken(value, quoted);
            case [':', '+', .. var word]:
                return string.IsNullOrEmpty(value) || Read(word, quoted);
            case ['+', .. var word]:
                return value is null || Read(word, quoted);
            default:
                return false;
        }
    }

    private bool Taken(string value, bool quoted)
    {
        Substitute(value, quoted);
        return true;
    }

    /// <summary>An unquoted value is split into words at blanks.</summary>
    private void Substitute(string value, bool quoted)
    {
        if (quoted)
        {
            Append(value);
            return;
        }

        foreach (var c in value)
        {
            if (char.IsWhiteSpace(c))
            {
                EndWord();
            }
            else
            {
                Append(c.ToString());
            }
        }
    }

    private string? Value(string name) =>
        char.IsAsciiDigit(name[0]) ? _positional.ElementAtOrDefault(name[0] - '0') : _environment.GetValueOrDefault(name);

    private static int NameLength(string text, int from)
    {
        var at = from;
        if (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            return 1;
        }

        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_'))
        {
            at++;
        }

        return at - from;
    }

    /// <summary>Where the bracket or quote that is open at <paramref name="from"/> closes; -1 when it does not.</summary>
    private static int CloseOf(string text, int from, char close)
    {
        for (var at = from; at < text.Length; at++)
        {
            if (text[at] == close)
            {
                return at;
            }

            if (text[at] == '\\')
            {
                at++;
            }
            else if (text[at] == '$' && at + 1 < text.Length && text[at + 1] == '{')
            {
                at = CloseOf(text, at + 2, '}');
            }
            else if (close == '}' && text[at] == '"')
            {
                at = CloseOf(text, at + 1, '"');
            }
            else if (close == '}' && text[at] == '\'')
            {
                at = text.IndexOf('\'', at + 1);
            }

            if (at < 0)
            {
                return -1;
            }
        }

        return -1;
    }

    private void Append(string text)
    {
        _inWord = true;
        _word.Append(text);
    }

    private void EndWord()
    {
        if (_inWord)
        {
            _words.Add(_word.ToString());
            _word.Clear();
            _inWord = false;
        }
    }
}
