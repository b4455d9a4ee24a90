using System.Text;

namespace Preheat.LocalCloud.Serving;

/// <summary>
/// The text a look-alike answers with: pseudo-words decided by seed and prompt alone, one token each, so that equal requests get equal
/// answers whatever runs beside them. No model is computed.
/// </summary>
internal sealed class PseudoText
{
    private const string Consonants = "bdfgklmnprstvz";
    private const string Vowels = "aeiou";

    private readonly ulong state;
    private readonly StringBuilder text = new();

    /// <summary>Length of the text after each token.</summary>
    private readonly List<int> ends = [];

    /// <param name="seed">The request's seed, else the server's.</param>
    /// <param name="prompt">What the request asks.</param>
    /// <param name="choice">Index of the choice, for <c>n</c> above 1.</param>
    public PseudoText(long seed, string prompt, int choice)
    {
        state = Hash(prompt, seed * 31 + choice);
        // Log-uniform over 96 to 768: most answers run into max_tokens, as in real load tests, and some end before.
        NaturalLength = (int)(96 * Math.Pow(8, (state >> 11) / (double)(1UL << 53)));
    }

    /// <summary>After how many tokens the text ends by itself.</summary>
    public int NaturalLength { get; }

    /// <summary>FNV-1a over the text, mixed with a number; stable over processes and versions.</summary>
    public static ulong Hash(string text, long number)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in text)
        {
            hash = (hash ^ c) * 1099511628211UL;
        }

        return Mix(hash ^ Mix((ulong)number + 0x9E3779B97F4A7C15UL));
    }

    /// <summary>The text after <paramref name="tokens"/> tokens: its length grows with every token.</summary>
    public int LengthAfter(int tokens)
    {
        while (ends.Count < tokens)
        {
            Append(ends.Count);
            ends.Add(text.Length);
        }

        return tokens == 0 ? 0 : ends[tokens - 1];
    }

    /// <summary>A part of the text that tokens made already.</summary>
    public string Part(int start, int end) => text.ToString(start, end - start);

    /// <summary>First position of a stop string within the first <paramref name="tokens"/> tokens, and how many tokens it takes to complete it.</summary>
    public (int Position, int Length, int Tokens)? FindStop(IReadOnlyList<string> stops, int tokens)
    {
        var all = Part(0, LengthAfter(tokens));
        (int Position, int Length, int Tokens)? first = null;
        foreach (var stop in stops)
        {
            var at = all.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (first is null || at + stop.Length < first.Value.Position + first.Value.Length))
            {
                first = (at, stop.Length, ends.FindIndex(e => e >= at + stop.Length) + 1);
            }
        }

        return first;
    }

    private static ulong Mix(ulong value)
    {
        // splitmix64's finaliser.
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9UL;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EBUL;
        return value ^ (value >> 31);
    }

    private void Append(int index)
    {
        var bits = Mix(state + (ulong)(index + 1) * 0x9E3779B97F4A7C15UL);
        if (index > 0)
        {
            text.Append(' ');
        }

        // Two or three syllables: at most six letters, which is one token.
        var syllables = 2 + (int)(bits & 1);
        bits >>= 1;
        for (var i = 0; i < syllables; i++)
        {
            text.Append(Consonants[(int)(bits % (ulong)Consonants.Length)]);
            bits /= (ulong)Consonants.Length;
            text.Append(Vowels[(int)(bits % (ulong)Vowels.Length)]);
            bits /= (ulong)Vowels.Length;
        }
    }
}
