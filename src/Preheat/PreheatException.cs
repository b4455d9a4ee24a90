namespace Preheat;

/// <summary>A failure that this program understands. Its message says what happened, where, and the next step.</summary>
/// <remarks><see cref="Exception.Data"/>["exit"] carries <see cref="ExitCode"/>; the build prints such errors without a stack trace.</remarks>
public class PreheatException : Exception
{
    public PreheatException(string message, Exception? inner = null) : this(message, 1, inner)
    {
    }

    private protected PreheatException(string message, int exitCode, Exception? inner = null) : base(message, inner)
    {
        ExitCode = exitCode;
        base.Data["exit"] = exitCode;
    }

    /// <summary>1 a step failed, 2 bad usage, configuration or input, 3 objectives missed, 130 interrupted.</summary>
    public int ExitCode { get; }
}

/// <summary>Bad usage, configuration or input (401, 403, 404 and unresolvable hosts too): exit code 2.</summary>
public class UserException(string message, Exception? inner = null) : PreheatException(message, 2, inner);

/// <summary>The load test ran and an objective was missed: exit code 3.</summary>
public sealed class ObjectivesMissedException(string message) : PreheatException(message, 3);
