using System.Globalization;
using Nuke.Common.Execution;
using Nuke.Common.Sessions;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Display;

namespace Nuke.Common.Output;

/// <summary>Serilog's way to the console of the session on whose behalf the logging code runs.</summary>
internal sealed class ConsoleSink : ILogEventSink
{
    /// <summary>Frames of a stack trace that are shown: enough to find the place, no more than fits the screen.</summary>
    private const int ShownFrames = 6;

    private static readonly MessageTemplateTextFormatter Formatter = new("{Message:lj}", CultureInfo.InvariantCulture);

    public void Emit(LogEvent logEvent)
    {
        var session = BuildSession.Current;
        if (logEvent.Level < Lowest(session.Verbosity))
        {
            return;
        }

        using var message = new StringWriter(CultureInfo.InvariantCulture);
        Formatter.Format(logEvent, message);
        var text = logEvent.Exception is null ? message.ToString() : $"{message}: {Describe(logEvent.Exception)}";
        if (session.Console.IsGitHub && logEvent.Level >= LogEventLevel.Warning)
        {
            Write(session, new OutputLine(text, Command: logEvent.Level == LogEventLevel.Warning ? "warning" : "error"));
            return;
        }

        var (label, tone) = Style(logEvent.Level);
        Write(session, new OutputLine(text, tone) { Prefix = $"{logEvent.Timestamp.LocalDateTime:HH:mm:ss} [{label}] " });
    }

    /// <summary>The message; with the top of the stack trace when the exception is not one that was made for the user.</summary>
    public static string Describe(Exception exception)
    {
        if (ExitCodes.Declared(exception) is not null)
        {
            return exception.Message;
        }

        var text = $"{exception.GetType().Name}: {exception.Message}";
        for (var inner = exception.InnerException; inner is not null; inner = inner.InnerException)
        {
            text += $"\n  caused by {inner.GetType().Name}: {inner.Message}";
        }

        var frames = (exception.StackTrace ?? string.Empty).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(frame => !frame.Contains("at Nuke.Common.Execution.", StringComparison.Ordinal));
        return string.Join('\n', [text, .. frames.Take(ShownFrames).Select(frame => frame.TrimEnd())]);
    }

    private static void Write(BuildSession session, OutputLine line) => session.Streams.Write(BuildSession.CurrentTarget, line);

    private static LogEventLevel Lowest(Verbosity verbosity) => verbosity switch
    {
        Verbosity.Verbose => LogEventLevel.Verbose,
        Verbosity.Minimal => LogEventLevel.Warning,
        Verbosity.Quiet => LogEventLevel.Error,
        _ => LogEventLevel.Debug,
    };

    private static (string Label, Tone Tone) Style(LogEventLevel level) => level switch
    {
        LogEventLevel.Verbose => ("VRB", Tone.Faint),
        LogEventLevel.Debug => ("DBG", Tone.Faint),
        LogEventLevel.Information => ("INF", Tone.Plain),
        LogEventLevel.Warning => ("WRN", Tone.Warning),
        LogEventLevel.Error => ("ERR", Tone.Error),
        _ => ("FTL", Tone.Error),
    };
}
