using System.Globalization;
using System.Text;
using Nuke.Common.Execution;

namespace Nuke.Common.Output;

/// <summary>
/// The last rows of a terminal: what the build has to show of the target in the foreground, then one row for each target that runs in the
/// background, with name, time so far, and the last line that it printed. Drawn below everything else, and taken away before anything else is printed.
/// </summary>
/// <param name="size">Columns and rows of the terminal now.</param>
/// <param name="slots">Where the build says what it has to show of a target; asked late, since the build leaves it there after the console is made.</param>
/// <param name="draw">Asks for a call of <see cref="Redraw"/>, written at once.</param>
internal sealed class LiveRegion(TimeProvider time, Func<(int Columns, int Rows)> size, BuildSlots slots, Func<string, string> mask, Action draw) : IDisposable
{
    /// <summary>How the row begins that a person should look at.</summary>
    private const string Alert = "! ";

    /// <summary>More would push the lines that scroll off a small screen.</summary>
    private const int MostRows = 6;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private volatile Row[] _rows = [];
    private volatile string? _foreground;
    private ITimer? _timer;
    private bool _ticks;
    private IReadOnlyList<OutputLine> _drawn = [];

    /// <summary>Shows these targets from now on; none takes the region away.</summary>
    /// <param name="foreground">Name of the target whose lines are printed as they come.</param>
    public void Show(string? foreground, IReadOnlyList<TargetStream> background)
    {
        var (before, shown) = (_rows, _foreground);
        _foreground = slots.Live is null ? null : foreground;
        _rows = [.. background.Select(Row.Of)];
        var ticks = _rows.Length > 0 || _foreground is not null;
        if (!ticks && !_ticks)
        {
            return;
        }

        _timer ??= time.CreateTimer(_ => draw(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (ticks != _ticks)
        {
            _ticks = ticks;
            var period = ticks ? Interval : Timeout.InfiniteTimeSpan;
            _timer.Change(period, period);
        }

        if (before.Length != _rows.Length || shown != _foreground)
        {
            draw();
        }
        else if (before.Count(row => row.Ended is null) != _rows.Count(row => row.Ended is null))
        {
            draw();
        }
    }

    /// <summary>What moves the cursor above the rows that are drawn, and clears them; empty when none are.</summary>
    public string Erase()
    {
        // A terminal that became narrower has wrapped the rows.
        var columns = Math.Max(size().Columns, 1);
        var rows = _drawn.Sum(row => Math.Max(1, (Columns(row.Text) + columns - 1) / columns));
        _drawn = [];
        return rows == 0 ? string.Empty : $"\e[{rows.ToString(CultureInfo.InvariantCulture)}A\e[J";
    }

    /// <summary>The rows as they are now, which then count as drawn.</summary>
    /// <param name="colour">Gives a row its colours.</param>
    public string Draw(Func<OutputLine, string> colour) => Draw(Rows(), colour);

    /// <summary>What changes the rows that are drawn into those of now; empty when they are the same.</summary>
    public string Redraw(Func<OutputLine, string> colour) => Rows() is var rows && rows.SequenceEqual(_drawn) ? string.Empty : Erase() + Draw(rows, colour);

    private string Draw(IReadOnlyList<OutputLine> rows, Func<OutputLine, string> colour)
    {
        _drawn = rows;
        return string.Concat(rows.Select(row => colour(row) + "\n"));
    }

    private List<OutputLine> Rows()
    {
        var (columns, height) = size();
        var rows = _rows;
        var shown = Math.Min(rows.Length, MostRows);
        var lines = new List<OutputLine>();
        if (_foreground is { } foreground && slots.Live is { } view && height - shown > 3)
        {
            // One row for the cursor, one for what was printed last.
            foreach (var row in Seen(view, foreground, columns - 1, height - shown - 2))
            {
                lines.Add(new OutputLine(Fit(mask(row), columns - 1), row.StartsWith(Alert, StringComparison.Ordinal) ? Tone.Warning : Tone.Plain));
            }
        }

        var name = rows.Length == 0 ? 0 : rows.Max(row => row.Name.Length);
        foreach (var row in rows.Take(rows.Length > MostRows ? MostRows - 1 : MostRows))
        {
            lines.Add(new OutputLine(Fit($"{row.Name.PadRight(name)} {Clock(row)} | {row.Last(mask)}", columns - 1), Tone.Faint));
        }

        if (rows.Length > MostRows)
        {
            lines.Add(new OutputLine(Fit($"… and {rows.Length - MostRows + 1} more", columns - 1), Tone.Faint));
        }

        return lines;
    }

    private static IEnumerable<string> Seen(Func<string, int, int, string[]> view, string target, int columns, int rows)
    {
        try
        {
            return view(target, columns, rows).Take(rows);
        }
        catch (Exception)
        {
            // A picture that cannot be drawn must not end the run that it is of.
            return [];
        }
    }

    public void Dispose() => _timer?.Dispose();

    /// <summary>The beginning of a text that takes no more than <paramref name="columns"/>, without anything that moves the cursor.</summary>
    internal static string Fit(string text, int columns)
    {
        var fit = new StringBuilder();
        foreach (var rune in text.EnumerateRunes().Where(rune => !Rune.IsControl(rune)))
        {
            columns -= Columns(rune);
            if (columns < 0)
            {
                break;
            }

            fit.Append(rune);
        }

        return fit.ToString();
    }

    private static int Columns(string text) => text.EnumerateRunes().Sum(Columns);

    // Characters of East Asia and emoji take two columns; counting a few others as wide only cuts a little early.
    private static int Columns(Rune rune) => rune.Value >= 0x1100 && rune.Value is < 0x2010 or > 0x2BFF ? 2 : 1;

    private string Clock(Row row)
    {
        var seconds = (int)(row.Ended ?? time.GetElapsedTime(row.Started)).TotalSeconds;
        return string.Create(CultureInfo.InvariantCulture, $"{seconds / 60}:{seconds % 60:00}").PadLeft(5);
    }

    private sealed record Row(string Name, long Started, TimeSpan? Ended, ExecutionStatus Status, OutputLine? LastLine)
    {
        public static Row Of(TargetStream stream) => new(
            stream.Target.Name,
            stream.Started,
            stream.HasEnded ? stream.Target.Duration : null,
            stream.Target.Status,
            stream.Lines.Count > 0 ? stream.Lines[^1] : null);

        public string Last(Func<string, string> mask)
        {
            var text = LastLine is { } line ? mask(line.Text).TrimEnd() : string.Empty;
            var last = text[(text.LastIndexOf('\n') + 1)..];
            return Ended is null ? last : $"{Status.ToString().ToLowerInvariant()}{(Status == ExecutionStatus.Succeeded ? "" : ": " + text.Split('\n')[0])}";
        }
    }
}
