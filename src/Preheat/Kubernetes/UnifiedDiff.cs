using System.Text;

namespace Preheat.Kubernetes;

/// <summary>Differences of two texts in the unified form that <c>diff -u</c> prints (POSIX, "diff -u").</summary>
internal static class UnifiedDiff
{
    private const int Context = 3;

    // Beyond this many cells the texts are shown as wholly different: no object of Kubernetes comes near.
    private const int MostCells = 25_000_000;

    /// <summary>The hunks; empty when the texts are the same.</summary>
    public static string Of(string before, string after, string title)
    {
        if (before == after)
            return "";
        var script = Script(Lines(before), Lines(after));
        var text = new StringBuilder($"--- {title} (as it is)\n+++ {title} (as it would be)\n");
        var index = 0;
        while (index < script.Count)
        {
            if (script[index].Mark == ' ')
            {
                index++;
                continue;
            }
            var from = Math.Max(0, index - Context);
            var (last, at) = (index, index);
            while (at < script.Count && at - last <= 2 * Context)
            {
                if (script[at].Mark != ' ')
                    last = at;
                at++;
            }
            var until = Math.Min(script.Count, last + Context + 1);
            var hunk = script.GetRange(from, until - from);
            text.Append("@@ -").Append(Range(script, from, hunk, '+')).Append(" +").Append(Range(script, from, hunk, '-')).Append(" @@\n");
            foreach (var (mark, line) in hunk)
                text.Append(mark).Append(line).Append('\n');
            index = until;
        }
        return text.ToString();
    }

    private static string[] Lines(string text) => text.Length == 0 ? [] : text.TrimEnd('\n').Split('\n');

    // Lines of one side: those without the other side's mark. A side without lines is numbered from the line before it.
    private static string Range(List<(char Mark, string Line)> script, int from, List<(char Mark, string Line)> hunk, char other)
    {
        var count = hunk.Count(line => line.Mark != other);
        var first = script.Take(from).Count(line => line.Mark != other) + (count == 0 ? 0 : 1);
        return count == 1 ? $"{first}" : $"{first},{count}";
    }

    // The longest common subsequence; what the texts begin and end with alike needs no table.
    private static List<(char Mark, string Line)> Script(string[] before, string[] after)
    {
        var (head, tail) = (0, 0);
        while (head < before.Length && head < after.Length && before[head] == after[head])
            head++;
        while (tail < before.Length - head && tail < after.Length - head && before[^(tail + 1)] == after[^(tail + 1)])
            tail++;
        var script = before.Take(head).Select(line => (' ', line)).ToList();
        var (rows, columns) = (before.Length - head - tail, after.Length - head - tail);
        var table = (long)(rows + 1) * (columns + 1) <= MostCells ? new int[rows + 1, columns + 1] : null;
        for (var row = rows - 1; table is not null && row >= 0; row--)
        {
            for (var column = columns - 1; column >= 0; column--)
                table[row, column] = before[head + row] == after[head + column] ? table[row + 1, column + 1] + 1 : Math.Max(table[row + 1, column], table[row, column + 1]);
        }
        var (old, fresh) = (0, 0);
        while (old < rows || fresh < columns)
        {
            if (table is not null && old < rows && fresh < columns && before[head + old] == after[head + fresh])
            {
                script.Add((' ', before[head + old++]));
                fresh++;
            }
            else if (old < rows && (fresh == columns || table is null || table[old + 1, fresh] >= table[old, fresh + 1]))
            {
                script.Add(('-', before[head + old++]));
            }
            else
            {
                script.Add(('+', after[head + fresh++]));
            }
        }
        script.AddRange(before.Skip(before.Length - tail).Select(line => (' ', line)));
        return script;
    }
}
