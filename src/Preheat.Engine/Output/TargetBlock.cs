namespace Nuke.Common.Output;

/// <summary>The heading over what one target prints; on GitHub a group that folds.</summary>
internal sealed class TargetBlock : IDisposable
{
    private readonly BuildConsole _console;

    private TargetBlock(BuildConsole console) => _console = console;

    /// <summary>Without what a target logs, its heading says nothing that the summary does not.</summary>
    public static TargetBlock Open(BuildConsole console, string name, Verbosity verbosity)
    {
        if (console.IsGitHub)
        {
            console.Annotate("group", name);
        }
        else if (verbosity < Verbosity.Minimal)
        {
            console.WriteLine();
            console.WriteLine("╬" + new string('═', name.Length + 5), Tone.Faint);
            console.WriteLine($"║ {name}", Tone.Strong);
            console.WriteLine("╬" + new string('═', Math.Max(name.Length - 4, 2)), Tone.Faint);
            console.WriteLine();
        }

        return new TargetBlock(console);
    }

    public void Dispose()
    {
        if (_console.IsGitHub)
        {
            _console.Annotate("endgroup", "");
        }
    }
}
