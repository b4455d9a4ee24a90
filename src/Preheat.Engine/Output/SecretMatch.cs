using System.Globalization;

namespace Nuke.Common.Output;

/// <summary>
/// Compares a text with a secret, character by character. Each may be percent-encoded (in either case), or escaped as in JSON; blanks of the
/// secret may be any blanks or a <c>+</c>; and the text may be broken into lines, indented or not, between any two characters.
/// </summary>
internal static class SecretMatch
{
    /// <summary>The next place at which the secret might begin; −1 when there is none.</summary>
    public static int Next(string text, int from, string secret)
    {
        var offset = text.AsSpan(from).IndexOfAny(secret[0], '%', '\\');
        return offset < 0 ? -1 : from + offset;
    }

    /// <summary>Where the secret that begins at <paramref name="start"/> ends in the text; null when it is another text.</summary>
    public static int? EndAt(string text, int start, string secret)
    {
        var position = start;
        for (var i = 0; i < secret.Length; i++)
        {
            if (char.IsWhiteSpace(secret[i]))
            {
                if (i > 0 && char.IsWhiteSpace(secret[i - 1]))
                {
                    continue;
                }

                var blanks = SkipBlanks(text, position);
                if (blanks == position)
                {
                    return null;
                }

                position = blanks;
                continue;
            }

            if (i > 0 && position < text.Length && text[position] is '\r' or '\n')
            {
                position = SkipWhiteSpace(text, position);
            }

            if (Match(text, position, secret[i]) is not { } length)
            {
                return null;
            }

            position += length;
        }

        return position;
    }

    /// <summary>How many characters of the text stand for one of the secret.</summary>
    private static int? Match(string text, int position, char wanted)
    {
        if (position >= text.Length)
        {
            return null;
        }

        if (text[position] == wanted)
        {
            return 1;
        }

        var (digits, at) = text[position] switch
        {
            '%' => (2, position + 1),
            '\\' when position + 1 < text.Length && text[position + 1] == 'u' => (4, position + 2),
            _ => (0, 0),
        };
        if (digits > 0)
        {
            return at + digits <= text.Length && int.TryParse(text.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) && code == wanted
                ? at + digits - position
                : null;
        }

        return text[position] == '\\' && position + 1 < text.Length && text[position + 1] == wanted ? 2 : null;
    }

    private static int SkipWhiteSpace(string text, int position)
    {
        while (position < text.Length && char.IsWhiteSpace(text[position]))
        {
            position++;
        }

        return position;
    }

    private static int SkipBlanks(string text, int position)
    {
        while (position < text.Length)
        {
            var rest = text.AsSpan(position);
            var length = char.IsWhiteSpace(rest[0]) || rest[0] == '+' ? 1
                : rest.StartsWith("\\n") || rest.StartsWith("\\r") || rest.StartsWith("\\t") ? 2
                : rest.StartsWith("%20") || rest.StartsWith("%0A", StringComparison.OrdinalIgnoreCase) || rest.StartsWith("%0D", StringComparison.OrdinalIgnoreCase) || rest.StartsWith("%09") ? 3
                : 0;
            if (length == 0)
            {
                break;
            }

            position += length;
        }

        return position;
    }
}
