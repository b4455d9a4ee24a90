namespace Nuke.Common.Parameters;

/// <summary>Finds what was probably meant.</summary>
internal static class Nearest
{
    /// <summary>
    /// The candidate with the fewest wrong, missing, superfluous or swapped letters; null when even that one differs in more than a third
    /// of its letters (two letters are always allowed). Dashes and case do not count.
    /// </summary>
    public static string? To(string word, IEnumerable<string> candidates)
    {
        var key = ParameterNames.Key(word);
        string? best = null;
        var bestDistance = int.MaxValue;
        foreach (var candidate in candidates)
        {
            var other = ParameterNames.Key(candidate);
            var distance = Distance(key, other);
            if (distance < bestDistance && distance <= Math.Max(2, other.Length / 3) && distance < other.Length)
            {
                (best, bestDistance) = (candidate, distance);
            }
        }

        return best;
    }

    /// <summary>Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.</summary>
    internal static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1][];
        for (var i = 0; i <= a.Length; i++)
        {
            rows[i] = new int[b.Length + 1];
            rows[i][0] = i;
        }

        for (var j = 0; j <= b.Length; j++)
        {
            rows[0][j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var substitution = rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                rows[i][j] = Math.Min(substitution, Math.Min(rows[i - 1][j], rows[i][j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    rows[i][j] = Math.Min(rows[i][j], rows[i - 2][j - 2] + 1);
                }
            }
        }

        return rows[a.Length][b.Length];
    }
}
