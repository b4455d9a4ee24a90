using System.Text;

namespace Nuke.Common.Plans;

/// <summary>
/// Draws a graph beside its list: one row for each node, from top to bottom. A node has a column; a line leads down from it for as long as
/// a node further down comes after it.
/// </summary>
internal sealed class PlanDrawing
{
    /// <summary>Wider drawings are harder to read than the numbers that stand in for them.</summary>
    private const int MostColumns = 8;

    private readonly List<int> _columns = [];
    private readonly int[] _columnOf;
    private readonly int[] _open;
    private int _lastEnd = -1;

    private PlanDrawing(IReadOnlyList<IReadOnlyList<int>> predecessors)
    {
        _columnOf = new int[predecessors.Count];
        _open = new int[predecessors.Count];
        foreach (var predecessor in predecessors.SelectMany(list => list))
        {
            _open[predecessor]++;
        }
    }

    /// <summary>A node's row, and the lines that lead on below it.</summary>
    internal readonly record struct Row(string Node, string Below);

    /// <param name="predecessors">For each node those that come directly before it; each has a smaller index.</param>
    /// <param name="marks">What stands for each node.</param>
    /// <returns>The rows, all equally wide; null when the drawing would be too wide.</returns>
    public static IReadOnlyList<Row>? Create(IReadOnlyList<IReadOnlyList<int>> predecessors, IReadOnlyList<char> marks)
    {
        var drawing = new PlanDrawing(predecessors);
        var rows = new List<Row>(predecessors.Count);
        for (var node = 0; node < predecessors.Count; node++)
        {
            rows.Add(drawing.Place(node, predecessors[node], marks[node]));
            if (drawing._columns.Count > MostColumns)
            {
                return null;
            }
        }

        var width = (drawing._columns.Count * 2) - 1;
        return [.. rows.Select(row => new Row(row.Node.PadRight(width), row.Below.PadRight(width)))];
    }

    private Row Place(int node, IReadOnlyList<int> predecessors, char mark)
    {
        foreach (var predecessor in predecessors)
        {
            _open[predecessor]--;
        }

        // It goes on below the first of its predecessors that leads nowhere else, or else has a column of its own.
        var ending = predecessors.Where(predecessor => _open[predecessor] == 0).Select(predecessor => _columnOf[predecessor]).ToList();
        var own = ending.Count > 0 ? ending.Min() : FreeColumn();
        var joined = predecessors.Select(predecessor => _columnOf[predecessor]).Where(column => column != own).Distinct().ToList();
        var from = joined.Append(own).Min();
        var to = joined.Append(own).Max();
        var row = new StringBuilder();
        for (var column = 0; column < _columns.Count; column++)
        {
            var leadsOn = _columns[column] >= 0 && _open[_columns[column]] > 0;
            row.Append(column switch
            {
                _ when column == own => mark,
                _ when joined.Contains(column) => Joint(leadsOn, left: column > own || column > from, right: column < own || column < to),
                _ when leadsOn => '│',
                _ => column > from && column < to ? '─' : ' ',
            });
            row.Append(column >= from && column < to ? '─' : ' ');
        }

        Occupy(node, own);
        return new Row(row.ToString().TrimEnd(), Below());
    }

    private static char Joint(bool leadsOn, bool left, bool right) => (leadsOn, left, right) switch
    {
        (true, true, true) => '┼',
        (true, true, false) => '┤',
        (true, false, _) => '├',
        (false, true, true) => '┴',
        (false, true, false) => '╯',
        _ => '╰',
    };

    /// <summary>Not the column in which the node above ended: it would look as if a line led from it.</summary>
    private int FreeColumn()
    {
        for (var column = 0; column < _columns.Count; column++)
        {
            if (column != _lastEnd && (_columns[column] < 0 || _open[_columns[column]] == 0))
            {
                return column;
            }
        }

        _columns.Add(-1);
        return _columns.Count - 1;
    }

    private void Occupy(int node, int own)
    {
        for (var column = 0; column < _columns.Count; column++)
        {
            if (_columns[column] >= 0 && _open[_columns[column]] == 0)
            {
                _columns[column] = -1;
            }
        }

        _columns[own] = _open[node] > 0 ? node : -1;
        _columnOf[node] = own;
        _lastEnd = _open[node] > 0 ? -1 : own;
    }

    private string Below() => string.Join(' ', _columns.Select(node => node >= 0 ? '│' : ' '));
}
