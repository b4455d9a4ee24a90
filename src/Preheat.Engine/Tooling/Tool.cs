namespace Nuke.Common.Tooling;

/// <summary>A program: <c>Git($"tag {name}")</c> runs it to its end and gives its output.</summary>
/// <param name="timeout">Milliseconds until the program is stopped, with all that it started; null for no limit.</param>
/// <param name="logOutput">Whether its lines are logged; true when null.</param>
/// <param name="logInvocation">Whether the call itself is logged; true when null.</param>
/// <param name="logger">Takes the lines instead of the log.</param>
/// <param name="exitHandler">Judges the ended process; when null, any exit code but 0 throws.</param>
/// <exception cref="InvalidOperationException">The program failed or ran longer than allowed.</exception>
public delegate IReadOnlyCollection<Output> Tool(
    ArgumentStringHandler arguments,
    string? workingDirectory = null,
    IReadOnlyDictionary<string, string>? environmentVariables = null,
    int? timeout = null,
    bool? logOutput = null,
    bool? logInvocation = null,
    Action<OutputType, string>? logger = null,
    Action<IProcess>? exitHandler = null);

/// <summary>Where a line was printed.</summary>
public enum OutputType
{
    Std,
    Err,
}

#pragma warning disable CA1051 // Nuke's fields.
/// <summary>One line.</summary>
public struct Output
{
    public OutputType Type;
    public string Text;
}
#pragma warning restore CA1051

/// <summary>A program that was started.</summary>
public interface IProcess : IDisposable
{
    string FileName { get; }

    string Arguments { get; }

    string WorkingDirectory { get; }

    /// <summary>The lines so far.</summary>
    IReadOnlyCollection<Output> Output { get; }

    int ExitCode { get; }

    /// <summary>Stops it with all that it started.</summary>
    void Kill();

    /// <summary>Returns when it has ended; false when the time limit came first, and then it is stopped.</summary>
    bool WaitForExit();
}
