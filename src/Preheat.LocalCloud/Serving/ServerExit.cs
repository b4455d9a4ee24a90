namespace Preheat.LocalCloud.Serving;

/// <summary>The server ends by itself: its last lines of log and its exit code.</summary>
public sealed class ServerExit(int code, params string[] lines) : Exception(lines.Length > 0 ? lines[^1] : $"exit {code}")
{
    /// <summary>2 for a bad command line (argparse), 1 for anything later (an uncaught exception).</summary>
    public int Code { get; } = code;

    public IReadOnlyList<string> Lines { get; } = lines;

    /// <summary>An uncaught Python exception, as its last line shows it.</summary>
    public static ServerExit Raise(string exception, string message) => new(1, $"{exception}: {message}");
}
