using Nuke.Common.Execution;
using Nuke.Common.Sessions;

namespace Nuke.Common.Output;

/// <summary>
/// Keeps what each target prints together. One target at a time stands in the foreground: its lines are printed as they come, under its
/// heading. What the others print is kept, and printed as one block: when the foreground becomes free, first the blocks of those that have
/// ended, and then the target that has run longest comes to the foreground. On a terminal a live region shows the others meanwhile.
/// </summary>
internal sealed class TargetStreams(BuildSession session)
{
    private readonly Lock _lock = new();
    private readonly List<TargetStream> _background = [];
    private TargetStream? _foreground;

    private BuildConsole Console => session.Console;

    /// <summary>The target starts.</summary>
    public void Open(ExecutableTarget target)
    {
        lock (_lock)
        {
            var stream = new TargetStream(target, session.Context.Time.GetTimestamp());
            if (_foreground is null)
            {
                BringToFront(stream);
            }
            else
            {
                _background.Add(stream);
                ShowLive();
            }
        }
    }

    /// <summary>Prints on behalf of a target, or of none. What comes after the target's end is marked with its name.</summary>
    public void Write(ExecutableTarget? target, OutputLine line)
    {
        lock (_lock)
        {
            if (target is null || _foreground?.Target == target)
            {
                Console.Write(line);
            }
            else if (_background.Find(stream => stream.Target == target) is { } stream)
            {
                stream.Lines.Add(line);
                ShowLive();
            }
            else
            {
                Console.Write(line with { Text = $"{target.Name} | {line.Text}" });
            }
        }
    }

    /// <summary>The target has ended, and its status says how.</summary>
    public void Close(ExecutableTarget target)
    {
        lock (_lock)
        {
            if (_foreground?.Target != target)
            {
                if (_background.Find(stream => stream.Target == target) is { } stream)
                {
                    stream.HasEnded = true;
                }
            }
            else
            {
                PrintEnd();
                foreach (var ended in _background.Where(stream => stream.HasEnded).ToList())
                {
                    _background.Remove(ended);
                    BringToFront(ended);
                    PrintEnd();
                }

                if (_background.Count > 0)
                {
                    var next = _background[0];
                    _background.RemoveAt(0);
                    BringToFront(next);
                }
            }

            ShowLive();
        }
    }

    private void BringToFront(TargetStream stream)
    {
        _foreground = stream;

        // Changed before it is printed: the region must not be drawn again with what now stands above it.
        ShowLive();
        Console.Write([.. Heading(stream.Target.Name), .. stream.Lines]);
    }

    /// <summary>Without what a target logs, its heading says nothing that the summary does not.</summary>
    private OutputLine[] Heading(string name) => Console.IsGitHub
        ? [new OutputLine(name, Command: "group")]
        : session.Verbosity >= Verbosity.Minimal
            ? []
            :
            [
                new OutputLine(""),
                new OutputLine("╬" + new string('═', name.Length + 5), Tone.Faint),
                new OutputLine($"║ {name}", Tone.Strong),
                new OutputLine("╬" + new string('═', Math.Max(name.Length - 4, 2)), Tone.Faint),
                new OutputLine(""),
            ];

    private void PrintEnd()
    {
        _foreground = null;
        if (Console.IsGitHub)
        {
            Console.Write(new OutputLine("", Command: "endgroup"));
        }
    }

    private void ShowLive() => Console.Live?.Show(_foreground?.Target.Name, _background);
}

/// <summary>What one target has printed, while it is not in the foreground.</summary>
internal sealed class TargetStream(ExecutableTarget target, long started)
{
    public ExecutableTarget Target => target;

    /// <summary>Time stamp of its start.</summary>
    public long Started => started;

    public List<OutputLine> Lines { get; } = [];

    public bool HasEnded { get; set; }
}
