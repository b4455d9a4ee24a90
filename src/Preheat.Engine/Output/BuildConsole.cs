using Nuke.Common.Sessions;

namespace Nuke.Common.Output;

/// <summary>The only way to the terminal: masks secrets, colours where that makes sense, and speaks GitHub's commands there.</summary>
internal sealed class BuildConsole
{
    private readonly Lock _lock = new();
    private readonly ProcessContext _context;
    private readonly SecretMask _mask;
    private readonly bool _colours;

    public BuildConsole(ProcessContext context, SecretMask mask, bool isGitHub)
    {
        _context = context;
        _mask = mask;
        IsGitHub = isGitHub;
        _colours = context.TerminalWidth is not null
            && string.IsNullOrEmpty(context.Variables.GetValueOrDefault("NO_COLOR"))
            && context.Variables.GetValueOrDefault("TERM") != "dumb";
    }

    public bool IsGitHub { get; }

    /// <summary>Columns for wrapped text.</summary>
    public int Width => Math.Clamp(_context.TerminalWidth ?? 100, 60, 120);

    public void WriteLine(string text = "", Tone tone = Tone.Plain) => Write(_context.Out, IsGitHub ? Disarm(text) : text, tone);

    /// <summary>A message about the call itself, on the error stream; on GitHub an annotation.</summary>
    public void WriteError(string text)
    {
        if (IsGitHub)
        {
            Annotate("error", text);
        }
        else
        {
            Write(_context.Error, text, Tone.Error);
        }
    }

    /// <summary>A workflow command (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).</summary>
    public void Annotate(string command, string text)
    {
        // Masked before escaping: a secret with a line break would no longer be recognised after it.
        var escaped = _mask.Apply(text).Replace("%", "%25", StringComparison.Ordinal).Replace("\r", "%0D", StringComparison.Ordinal).Replace("\n", "%0A", StringComparison.Ordinal);
        Write(_context.Out, $"::{command}::{escaped}", Tone.Plain);
    }

    /// <summary>Text that only passes through (an error body, a file name) must not give commands to the runner, which reads them from any line.</summary>
    private static string Disarm(string text) =>
        text.Contains("::", StringComparison.Ordinal) || text.Contains("##[", StringComparison.Ordinal)
            ? string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimStart() is var start && (start.StartsWith("::", StringComparison.Ordinal) || start.StartsWith("##[", StringComparison.Ordinal)) ? $"│ {line}" : line))
            : text;

    private void Write(TextWriter writer, string text, Tone tone)
    {
        var masked = _mask.Apply(text);
        var code = _colours ? Code(tone) : null;
        lock (_lock)
        {
            foreach (var line in masked.ReplaceLineEndings("\n").Split('\n'))
            {
                writer.Write(code is null || line.Length == 0 ? line : $"\e[{code}m{line}\e[0m");
                writer.Write('\n');
            }

            writer.Flush();
        }
    }

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
