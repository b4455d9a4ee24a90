using System.Globalization;
using System.Text;
using Nuke.Common.Execution;

namespace Nuke.Common.Output;

/// <summary>
/// The last rows of a terminal, one for each target that runs in the background: name, time so far, the last line that it printed. Drawn
/// below everything else, and taken away before anything else is printed.
/// </summary>
/// <param name="width">Columns of the terminal now.</param>
/// <param name="draw">Asks for a call of <see cref="Text"/>, with what it erases and draws in one write.</param>
internal sealed class LiveRegion(TimeProvider time, Func<int> width, Func<string, string> mask, Action draw) : IDisposable
{
    /// <summary>More would push the lines that scroll off a small screen.</summary>
    private const int MostRows = 6;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private volatile Row[] _rows = [];
    private ITimer? _timer;
    private int _drawn;

    /// <summary>Shows these targets from now on; none takes the region away.</summary>
    public void Show(IReadOnlyList<TargetStream> streams)
    {
        var before = _rows;
        _rows = [.. streams.Select(Row.Of)];
        if (before.Length == 0 && _rows.Length == 0)
        {
            return;
        }

        _timer ??= time.CreateTimer(_ => draw(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (before.Length != _rows.Length)
        {
            var period = _rows.Length > 0 ? Interval : Timeout.InfiniteTimeSpan;
            _timer.Change(period, period);
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
        var rows = _drawn;
        _drawn = 0;
        return rows == 0 ? string.Empty : $"\e[{rows.ToString(CultureInfo.InvariantCulture)}A\e[J";
    }

    /// <summary>The rows as they are now.</summary>
    public string Text()
    {
        var rows = _rows;
        var text = new StringBuilder();
        var column = rows.Length == 0 ? 0 : rows.Max(row => row.Name.Length);
        foreach (var row in rows.Take(rows.Length > MostRows ? MostRows - 1 : MostRows))
        {
            text.Append(Fit($"{row.Name.PadRight(column)} {Clock(row)} | {row.Last(mask)}", width() - 1)).Append('\n');
            _drawn++;
        }

        if (_drawn < rows.Length)
        {
            text.Append(Fit($"… and {rows.Length - _drawn} more", width() - 1)).Append('\n');
            _drawn++;
        }

        return text.ToString();
    }

    public void Dispose() => _timer?.Dispose();

    /// <summary>The beginning of a text that takes no more than <paramref name="columns"/>, without anything that moves the cursor.</summary>
    internal static string Fit(string text, int columns)
    {
        var fit = new StringBuilder();
        foreach (var rune in text.EnumerateRunes().Where(rune => !Rune.IsControl(rune)))
        {
            // Characters of East Asia and emoji take two columns; counting a few others as wide only cuts a little early.
            columns -= rune.Value >= 0x1100 && rune.Value is < 0x2010 or > 0x2BFF ? 2 : 1;
            if (columns < 0)
            {
                break;
            }

            fit.Append(rune);
        }

        return fit.ToString();
    }

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
