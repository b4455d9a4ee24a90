namespace Preheat.LocalCloud.Serving;

/// <summary>
/// Counts tokens without a vocabulary: a run of letters is one token per six letters (with the space before it), a digit,
/// a sign or a line break is one token, a character beyond ASCII is one. One token begins every prompt. This is within about a fifth of what
/// real vocabularies of 128 to 256 thousand entries give for English; counts are the same in all answers.
/// </summary>
internal static class PseudoTokenizer
{
    private const int LettersPerToken = 6;

    /// <summary>Tokens of a prompt, the beginning one included.</summary>
    public static int Count(string text) => 1 + CountPlain(text);

    /// <summary>Tokens of a piece of text.</summary>
    public static int CountPlain(string text)
    {
        var tokens = 0;
        var letters = 0;
        foreach (var c in text)
        {
            if (char.IsAsciiLetter(c))
            {
                if (letters++ % LettersPerToken == 0)
                {
                    tokens++;
                }

                continue;
            }

            // A space goes with the word after it; the second half of a surrogate pair with the first.
            letters = 0;
            tokens += c == ' ' || char.IsLowSurrogate(c) ? 0 : 1;
        }

        return tokens;
    }

    /// <summary>Made-up identifiers for the tokens of a prompt: the count is meant, the values mean nothing.</summary>
    public static IReadOnlyList<int> Identifiers(string text, int vocabulary) =>
        [.. Enumerable.Range(0, Count(text)).Select(i => i == 0 ? 2 : (int)(PseudoText.Hash(text, i) % (ulong)Math.Max(3, vocabulary)))];
}
