using Preheat.Runs;

namespace Preheat;

/// <summary>Counts the bytes of one transfer and tells them about once a second, and at the end.</summary>
internal sealed class ByteMeter(string subject, long total, IEventSink events, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private long _done;
    private long _told = time.GetTimestamp();

    public void Add(long bytes)
    {
        _done += bytes;
        if (_done < total && time.GetElapsedTime(_told) < Interval)
            return;
        _told = time.GetTimestamp();
        events.Emit(new ByteProgress(subject, _done, total));
    }
}
