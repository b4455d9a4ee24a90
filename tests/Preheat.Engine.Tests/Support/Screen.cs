using System.Text;
using System.Text.RegularExpressions;

namespace Preheat.Engine.Tests.Support;

/// <summary>What a terminal shows after a text with the few control sequences that the engine writes: colours, cursor up, clear to the end.</summary>
internal static partial class Screen
{
    public static string Show(string written)
    {
        var rows = new List<StringBuilder> { new() };
        var row = 0;
        foreach (var part in Parts().Matches(written).Select(match => match.Value))
        {
            if (part == "\n")
            {
                row++;
                if (row == rows.Count)
                {
                    rows.Add(new StringBuilder());
                }
            }
            else if (part == "\e[J")
            {
                rows.RemoveRange(row + 1, rows.Count - row - 1);
                rows[row].Clear();
            }
            else if (part.StartsWith("\e[", StringComparison.Ordinal) && part.EndsWith('A'))
            {
                row -= int.Parse(part[2..^1], System.Globalization.CultureInfo.InvariantCulture);
            }
            else if (!part.StartsWith('\e'))
            {
                rows[row].ToString().ShouldBeEmpty("nothing is drawn over");
                rows[row].Append(part);
            }
        }

        return string.Join('\n', rows);
    }

    [GeneratedRegex(@"\n|\e\[[0-9;]*[A-Za-z]|[^\n\e]+", RegexOptions.None, 1000)]
    private static partial Regex Parts();
}
