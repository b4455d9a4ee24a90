namespace Preheat.Runs;

/// <summary>Something a person or a log may want to know. Domain code emits these and never writes to the console.</summary>
public abstract record RunEvent;

/// <summary>How something is at this moment, for those who look on; the next one takes its place, and no log keeps it.</summary>
public abstract record LiveEvent : RunEvent;

/// <summary>One line of information.</summary>
public sealed record Note(string Text) : RunEvent;

/// <summary>One line about something that works but that a person should look at.</summary>
public sealed record Warning(string Text) : RunEvent;

/// <summary>Bytes moved for one subject (a layer, a file). <paramref name="Total"/> is null when unknown.</summary>
public sealed record ByteProgress(string Subject, long Done, long? Total) : RunEvent;

/// <summary>The state of something waited for has changed; emitted on changes only.</summary>
public sealed record StateChanged(string Subject, string State) : RunEvent;

/// <summary>A target begins.</summary>
public sealed record TargetBegan : RunEvent;

/// <summary>A target has ended; <paramref name="Error"/> is null when it ended well.</summary>
/// <param name="ExitCode">What its failure makes of the run's exit code; 0 when it ended well.</param>
public sealed record TargetEnded(double Seconds, int ExitCode, string? Error) : RunEvent;

/// <summary>Takes events in the order they happen. Must be safe to call from several threads.</summary>
public interface IEventSink
{
    void Emit(RunEvent runEvent);
}

/// <summary>Passes each event on to several sinks, in their order.</summary>
public sealed class EventFan(params IReadOnlyList<IEventSink> sinks) : IEventSink
{
    public void Emit(RunEvent runEvent)
    {
        foreach (var sink in sinks)
            sink.Emit(runEvent);
    }
}
