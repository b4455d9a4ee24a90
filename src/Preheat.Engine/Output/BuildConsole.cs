using System.Text;
using Nuke.Common.Sessions;

namespace Nuke.Common.Output;

/// <summary>The only way to the terminal: masks secrets, colours where that makes sense, and speaks GitHub's commands there.</summary>
internal sealed class BuildConsole
{
    private readonly Lock _lock = new();
    private readonly ProcessContext _context;
    private readonly SecretMask _mask;
    private readonly bool _colours;
    private TextWriter _log;

    public BuildConsole(ProcessContext context, SecretMask mask, bool isGitHub)
    {
        _context = context;
        _mask = mask;
        _log = context.Out;
        IsGitHub = isGitHub;
        var isTerminal = context.TerminalWidth is not null && Variable("TERM") != "dumb";
        _colours = Variable("NO_COLOR").Length == 0 && (isTerminal || Variable("FORCE_COLOR") is not ("" or "0" or "false"));
        if (isTerminal && !isGitHub && Variable("CI") is "" or "0" or "false")
        {
            Live = new LiveRegion(context.Time, () => context.CurrentSize() ?? (Width, 24), context.Slots, mask.Apply, DrawLive);
        }
    }

    /// <summary>Whether GitHub's runner reads what is printed.</summary>
    public bool IsGitHub { get; private set; }

    /// <summary>What shows the targets in the background; null where the cursor cannot go back.</summary>
    public LiveRegion? Live { get; private set; }

    /// <summary>Columns for wrapped text.</summary>
    public int Width => Math.Clamp(_context.TerminalWidth ?? 100, 40, 120);

    /// <summary>From now on the output carries a document alone: everything else goes to the error stream, as plain lines.</summary>
    public void KeepOutputForDocument()
    {
        _log = _context.Error;
        IsGitHub = false;
        Live = null;
    }

    /// <summary>A document for another program, as it is. Whoever makes it masks what it holds, since masking its form could spoil it.</summary>
    public void WriteDocument(string text)
    {
        lock (_lock)
        {
            _context.Out.Write(text);
            _context.Out.Write('\n');
            _context.Out.Flush();
        }
    }

    public void WriteLine(string text = "", Tone tone = Tone.Plain) => Write([new OutputLine(text, tone)]);

    /// <summary>Prints these together, each as many lines as its text has.</summary>
    public void Write(params IEnumerable<OutputLine> lines) => Write(_log, lines);

    /// <summary>A message about the call itself, on the error stream; on GitHub an annotation.</summary>
    public void WriteError(string text)
    {
        if (IsGitHub)
        {
            Write(new OutputLine(text, Command: "error"));
        }
        else
        {
            Write(_context.Error, [new OutputLine(text, Tone.Error)]);
        }
    }

    private void Write(TextWriter writer, IEnumerable<OutputLine> lines)
    {
        var text = new StringBuilder();
        foreach (var line in lines)
        {
            Append(text, line);
        }

        lock (_lock)
        {
            if (Live?.Erase() is { Length: > 0 } erase)
            {
                _context.Out.Write(erase);
                _context.Out.Flush();
            }

            writer.Write(text);
            writer.Flush();
            Draw();
        }
    }

    private void Append(StringBuilder text, OutputLine line)
    {
        var masked = _mask.Apply(line.Prefix + line.Text);
        if (line.Command is { } command)
        {
            // A workflow command (https://docs.github.com/actions/reference/workflow-commands-for-github-actions). Masked before escaping: a
            // secret with a line break would no longer be recognised after it.
            var escaped = masked.Replace("%", "%25", StringComparison.Ordinal).Replace("\r", "%0D", StringComparison.Ordinal).Replace("\n", "%0A", StringComparison.Ordinal);
            text.Append($"::{command}::{escaped}\n");
            return;
        }

        var code = _colours ? Code(line.Tone) : null;
        foreach (var part in (IsGitHub ? Disarm(masked) : masked).ReplaceLineEndings("\n").Split('\n'))
        {
            text.Append(Coloured(part, code)).Append('\n');
        }
    }

    /// <summary>Text that only passes through (an error body, a file name) must not give commands to the runner, which reads them from any line.</summary>
    private static string Disarm(string text) =>
        text.Contains("::", StringComparison.Ordinal) || text.Contains("##[", StringComparison.Ordinal)
            ? string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimStart() is var start && (start.StartsWith("::", StringComparison.Ordinal) || start.StartsWith("##[", StringComparison.Ordinal)) ? $"│ {line}" : line))
            : text;

    private void DrawLive()
    {
        lock (_lock)
        {
            if (Live?.Redraw(Coloured) is { Length: > 0 } change)
            {
                _context.Out.Write(change);
                _context.Out.Flush();
            }
        }
    }

    /// <summary>The region comes back below what was printed.</summary>
    private void Draw()
    {
        if (Live?.Draw(Coloured) is { Length: > 0 } rows)
        {
            _context.Out.Write(rows);
        }

        _context.Out.Flush();
    }

    private string Coloured(OutputLine row) => Coloured(row.Text, _colours ? Code(row.Tone) : null);

    private static string Coloured(string text, string? code) => code is null || text.Length == 0 ? text : $"\e[{code}m{text}\e[0m";

    private string Variable(string name) => _context.Variables.GetValueOrDefault(name) ?? string.Empty;

    private static string? Code(Tone tone) => tone switch
    {
        Tone.Faint => "90",
        Tone.Strong => "36;1",
        Tone.Good => "32;1",
        Tone.Warning => "33;1",
        Tone.Error => "31;1",
        _ => null,
    };
}

/// <summary>What a line is, which decides its colour.</summary>
internal enum Tone
{
    Plain,
    Faint,
    Strong,
    Good,
    Warning,
    Error,
}
