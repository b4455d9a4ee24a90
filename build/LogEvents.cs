using System.Collections.Concurrent;
using Preheat;
using Preheat.Runs;

/// <summary>Turns typed events into log lines; the progress of transfers every few seconds, so that a CI log stays short.</summary>
sealed class LogEvents(TimeProvider time) : IEventSink
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    /// <summary>Single layers less often than all together.</summary>
    private static readonly TimeSpan PartInterval = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Shown> _shown = new(StringComparer.Ordinal);

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
            case PlannedRequest planned:
                Log.Information("would send {Method:l} {Address:l}{Detail:l}", planned.Method, planned.Address, planned.Detail is { } about ? $" ({about})" : "");
                break;
            case PlannedFile planned:
                Log.Information("would {Change:l} {Path:l}{Detail:l}", planned.Change, planned.Path, planned.Detail is { } what ? $" ({what})" : "");
                break;
            case StateChanged changed:
                Log.Information("{Subject}: {State}", changed.Subject, changed.State);
                break;
            case TransferProgress progress when Due(progress.Subject, progress.Done, progress.PartsDone == progress.Parts, Interval) is not null:
                Log.Information("{Text}", TransferText.Of(progress));
                break;
            case ByteProgress progress when Due(progress.Subject, progress.Done, progress.Done == progress.Total, PartInterval) is { } rate:
                Log.Information("{Text}", TransferText.Of(progress, rate));
                break;
        }
    }

    /// <summary>The rate since the first event of a subject, in bytes a second, when a line is due: after each interval, and at the end of what lasted longer than one.</summary>
    private double? Due(string subject, long done, bool isEnd, TimeSpan interval)
    {
        var now = time.GetTimestamp();
        var shown = _shown.GetOrAdd(subject, _ => new Shown { Began = now, DoneAtFirst = done, Last = now });
        lock (shown)
        {
            if (isEnd)
                _shown.TryRemove(subject, out _);
            if (time.GetElapsedTime(isEnd ? shown.Began : shown.Last, now) < interval)
                return null;
            shown.Last = now;
            return Math.Max(0, done - shown.DoneAtFirst) / time.GetElapsedTime(shown.Began, now).TotalSeconds;
        }
    }

    private sealed class Shown
    {
        public long Began { get; init; }

        public long DoneAtFirst { get; init; }

        public long Last { get; set; }
    }
}
