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
    public static int CountPlain(string text) => Pieces(text).Count();

    /// <summary>Where the tokens of a piece of text begin; each ends where the next one begins.</summary>
    public static IEnumerable<int> Pieces(string text)
    {
        var letters = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            // A space goes with the word after it; the second half of a surrogate pair with the first.
            var begins = char.IsAsciiLetter(c) ? letters % LettersPerToken == 0 : c != ' ' && !char.IsLowSurrogate(c);
            letters = char.IsAsciiLetter(c) ? letters + 1 : 0;
            if (begins)
            {
                yield return i;
            }
        }
    }

    /// <summary>Made-up identifiers for the tokens of a prompt: the count is meant, the values mean nothing.</summary>
    public static IReadOnlyList<int> Identifiers(string text, int vocabulary) =>
        [.. Enumerable.Range(0, Count(text)).Select(i => i == 0 ? 2 : (int)(PseudoText.Hash(text, i) % (ulong)Math.Max(3, vocabulary)))];
}
