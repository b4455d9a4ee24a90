using System.Text;

namespace Preheat.Images;

/// <summary>Words of a Dockerfile instruction: splitting, quotes, escapes and <c>$VAR</c>, <c>${VAR}</c>, <c>${VAR:-word}</c>, <c>${VAR:+word}</c>, <c>${VAR:?message}</c>, each also without the colon.</summary>
/// <remarks>Dockerfile reference, "Environment replacement" and "Escape".</remarks>
internal static class DockerfileWords
{
    /// <summary>Splits at spaces outside quotes; quotes and escapes stay for <see cref="Expand"/>.</summary>
    /// <exception cref="FormatException">A quote is not closed.</exception>
    public static List<string> Split(string text, char escape)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var quote = '\0';
        for (var i = 0; i < text.Length; i++)
        {
            var character = text[i];
            if (character == escape && quote != '\'' && i + 1 < text.Length)
            {
                word.Append(character).Append(text[++i]);
            }
            else if (quote == '\0' && character is ' ' or '\t')
            {
                if (word.Length > 0)
                    words.Add(word.ToString());
                word.Clear();
            }
            else
            {
                if (quote == '\0' && character is '"' or '\'')
                    quote = character;
                else if (character == quote)
                    quote = '\0';
                word.Append(character);
            }
        }
        if (quote != '\0')
            throw new FormatException($"the quote {quote} is not closed");
        if (word.Length > 0)
            words.Add(word.ToString());
        return words;
    }

    /// <summary>Splits <c>NAME=VALUE</c> at the first equals sign outside quotes; the value is null when there is none.</summary>
    public static (string Name, string? Value) SplitPair(string word)
    {
        var quote = '\0';
        for (var i = 0; i < word.Length; i++)
        {
            if (word[i] == '=' && quote == '\0')
                return (word[..i], word[(i + 1)..]);
            if (quote == '\0' && word[i] is '"' or '\'')
                quote = word[i];
            else if (word[i] == quote)
                quote = '\0';
        }
        return (word, null);
    }

    /// <summary>Removes quotes and escapes and replaces variables; an unknown one is empty.</summary>
    /// <exception cref="FormatException">A form that the reference does not have.</exception>
    public static string Expand(string word, Func<string, string?> lookup, char escape)
    {
        var result = new StringBuilder();
        var quote = '\0';
        for (var i = 0; i < word.Length; i++)
        {
            var character = word[i];
            if (quote == '\'' && character != '\'')
                result.Append(character);
            else if (character == escape && i + 1 < word.Length)
                AppendEscaped(result, word[++i], quote, escape);
            else if (character == '$')
                i = AppendVariable(result, word, i, lookup, escape);
            else if (character is '"' or '\'' && (quote == '\0' || quote == character))
                quote = quote == '\0' ? character : '\0';
            else
                result.Append(character);
        }
        return result.ToString();
    }

    /// <summary>Replaces variables and removes escapes in the text of a here-document, where quotes mean nothing.</summary>
    /// <exception cref="FormatException">A form that the reference does not have.</exception>
    public static string ExpandText(string text, Func<string, string?> lookup, char escape)
    {
        var result = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == escape && i + 1 < text.Length)
                result.Append(text[++i]);
            else if (text[i] == '$')
                i = AppendVariable(result, text, i, lookup, escape);
            else
                result.Append(text[i]);
        }
        return result.ToString();
    }

    private static void AppendEscaped(StringBuilder result, char character, char quote, char escape)
    {
        // Inside double quotes only a quote, a dollar and the escape character itself are escaped.
        if (quote == '"' && character is not ('"' or '$') && character != escape)
            result.Append(escape);
        result.Append(character);
    }

    private static int AppendVariable(StringBuilder result, string word, int dollar, Func<string, string?> lookup, char escape)
    {
        if (dollar + 1 < word.Length && word[dollar + 1] == '{')
        {
            var close = MatchingBrace(word, dollar + 1);
            result.Append(Evaluate(word[(dollar + 2)..close], lookup, escape));
            return close;
        }
        var end = dollar + 1;
        while (end < word.Length && (char.IsAsciiLetterOrDigit(word[end]) || word[end] == '_'))
            end++;
        if (end == dollar + 1)
            result.Append('$');
        else
            result.Append(lookup(word[(dollar + 1)..end]));
        return end - 1;
    }

    private static int MatchingBrace(string word, int open)
    {
        var depth = 0;
        for (var i = open; i < word.Length; i++)
        {
            if (word[i] == '{')
                depth++;
            else if (word[i] == '}' && --depth == 0)
                return i;
        }
        throw new FormatException("'${' is not closed");
    }

    private static string? Evaluate(string expression, Func<string, string?> lookup, char escape)
    {
        var end = 0;
        while (end < expression.Length && (char.IsAsciiLetterOrDigit(expression[end]) || expression[end] == '_'))
            end++;
        var name = expression[..end];
        var rest = expression[end..];
        if (name.Length == 0)
            throw new FormatException($"'${{{expression}}}' names no variable");
        var value = lookup(name);
        if (rest.Length == 0)
            return value;
        // With a colon an empty value counts as none.
        var colon = rest[0] == ':' ? 1 : 0;
        var missing = colon == 1 ? string.IsNullOrEmpty(value) : value is null;
        return (rest.Length > colon ? rest[colon] : '\0') switch
        {
            '-' => missing ? Expand(rest[(colon + 1)..], lookup, escape) : value,
            '+' => missing ? "" : Expand(rest[(colon + 1)..], lookup, escape),
            '?' when !missing => value,
            '?' => throw new FormatException($"{name} has no value: {Expand(rest[(colon + 1)..], lookup, escape)}"),
            _ => throw new FormatException($"'${{{expression}}}' has a form other than ${{NAME}}, ${{NAME:-word}}, ${{NAME:+word}}, ${{NAME:?message}}"),
        };
    }
}
