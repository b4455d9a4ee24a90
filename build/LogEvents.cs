using System.Collections.Concurrent;
using Preheat.Runs;

/// <summary>Turns typed events into log lines; byte counts at most every two seconds a subject, so that a CI log stays short.</summary>
sealed class LogEvents(TimeProvider time) : IEventSink
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<string, long> _shown = new(StringComparer.Ordinal);

    public void Emit(RunEvent runEvent)
    {
        switch (runEvent)
        {
            case Note note:
                Log.Information("{Text}", note.Text);
                break;
            case Warning warning:
                Log.Warning("{Text}", warning.Text);
                break;
            case StateChanged changed:
                Log.Information("{Subject}: {State}", changed.Subject, changed.State);
                break;
            case ByteProgress progress when IsDue(progress):
                Log.Information("{Subject}: {Amount}", progress.Subject, Amount(progress));
                break;
        }
    }

    private bool IsDue(ByteProgress progress)
    {
        var now = time.GetTimestamp();
        if (_shown.TryAdd(progress.Subject, now))
            return false;
        var last = _shown[progress.Subject];
        return time.GetElapsedTime(last, now) >= Interval && _shown.TryUpdate(progress.Subject, now, last);
    }

    private static string Amount(ByteProgress progress) => progress.Total is { } total and > 0
        ? $"{progress.Done / 1e6:0.0} of {total / 1e6:0.0} MB ({100.0 * progress.Done / total:0} %)"
        : $"{progress.Done / 1e6:0.0} MB";
}
