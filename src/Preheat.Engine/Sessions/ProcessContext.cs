using System.Collections;
using Nuke.Common.Execution;

namespace Nuke.Common.Sessions;

/// <summary>All that a build takes from the process around it, in one place, so that a test can give another.</summary>
internal sealed record ProcessContext
{
    public required IReadOnlyList<string> Arguments { get; init; }
    public required IReadOnlyDictionary<string, string> Variables { get; init; }
    public required string WorkingDirectory { get; init; }
    public required TextWriter Out { get; init; }
    public required TextWriter Error { get; init; }

    /// <summary>Columns of the terminal; null when the output is a pipe or a file.</summary>
    public int? TerminalWidth { get; init; }

    /// <summary>Columns and rows of the terminal at the time of the call, since its window may change; by default <see cref="TerminalWidth"/> and the 24 rows of old.</summary>
    public Func<(int Columns, int Rows)?> CurrentSize { get => field ?? (() => TerminalWidth is { } columns ? (columns, 24) : null); init; }

    /// <summary>How many targets run at the same time when nobody says. The default value is 2.</summary>
    public int DefaultDegree { get; init; } = 2;

    /// <summary>Reads a line that the user types, without echo if the argument says so; null when nobody can type.</summary>
    public Func<bool, string?>? ReadLine { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What the build has left for this engine.</summary>
    public BuildSlots Slots { get; init; } = new(AppContext.GetData);

    public static ProcessContext Real()
    {
        if (OperatingSystem.IsWindows())
        {
            // The table is drawn with characters that the code pages of the old console do not have.
            Console.OutputEncoding = System.Text.Encoding.UTF8;
        }

        var comparer = OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
        var variables = new Dictionary<string, string>(comparer);
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            variables[(string)variable.Key] = (string?)variable.Value ?? string.Empty;
        }

        return new ProcessContext
        {
            Arguments = Environment.GetCommandLineArgs()[1..],
            Variables = variables,
            WorkingDirectory = Environment.CurrentDirectory,
            Out = Console.Out,
            Error = Console.Error,
            ReadLine = Console.IsInputRedirected ? null : Parameters.Prompt.ReadLine,
            TerminalWidth = Console.IsOutputRedirected ? null : Size().Columns,
            CurrentSize = () => Size(),
        };
    }

    private static (int Columns, int Rows) Size()
    {
        try
        {
            return (Console.BufferWidth is > 0 and var columns ? columns : 80, Console.WindowHeight is > 0 and var rows ? rows : 24);
        }
        catch (Exception e) when (e is IOException or PlatformNotSupportedException)
        {
            return (80, 24);
        }
    }
}
