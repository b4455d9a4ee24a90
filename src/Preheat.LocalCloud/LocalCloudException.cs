namespace Preheat.LocalCloud;

/// <summary>The embedded cloud could not be started, reached or stopped. The message says what happened, where, and the next step.</summary>
public sealed class LocalCloudException : Exception
{
    /// <param name="message">Text for the user.</param>
    /// <param name="exitCode">2 where the user can fix it (a taken port), 1 otherwise; kept in <c>Data["exit"]</c>.</param>
    /// <param name="inner">The cause, if another exception was it.</param>
    public LocalCloudException(string message, int exitCode = 1, Exception? inner = null) : base(message, inner) => Data["exit"] = exitCode;

    /// <summary>The exit code that a program should end with.</summary>
    public int ExitCode => (int)Data["exit"]!;
}
