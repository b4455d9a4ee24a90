using Preheat.Runs;

namespace Preheat;

/// <summary>Adds up the parts of a transfer: passes every event on, and tells about once a second how far all parts together are.</summary>
/// <param name="sizes">Bytes of each part as far as they are known beforehand.</param>
internal sealed class TransferTotal(string subject, IReadOnlyList<long> sizes, IEventSink events, TimeProvider time) : IEventSink
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>The rate is that of this time: long enough to be steady, short enough to follow.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(8);

    /// <summary>The part that the present flow of control works on: a transfer's events do not say.</summary>
    private readonly AsyncLocal<int?> _current = new();

    private readonly Lock _lock = new();
    private readonly long[] _done = new long[sizes.Count];
    private readonly Queue<(long At, long Moved)> _samples = new([(time.GetTimestamp(), 0)]);
    private readonly long _total = sizes.Sum();
    private int _finished;
    private long _moved;
    private long _told = time.GetTimestamp();

    public void Emit(RunEvent runEvent)
    {
        events.Emit(runEvent);
        if (runEvent is not ByteProgress progress || _current.Value is not { } part)
            return;
        lock (_lock)
        {
            // Less than before: another try, from the start.
            _moved += progress.Done >= _done[part] ? progress.Done - _done[part] : progress.Done;
            _done[part] = progress.Done;
        }
        Tell(always: false);
    }

    /// <summary>Works on one part; when it ends well the part is at its place.</summary>
    public async Task RunAsync(int part, Func<Task> work)
    {
        _current.Value = part;
        await work();
        bool last;
        lock (_lock)
        {
            _done[part] = sizes[part];
            _finished++;
            // Where nothing moved there is nothing to tell.
            last = _finished == sizes.Count && _moved > 0;
        }
        Tell(last);
    }

    private void Tell(bool always)
    {
        TransferProgress told;
        lock (_lock)
        {
            var now = time.GetTimestamp();
            if (!always && (_moved == 0 || time.GetElapsedTime(_told, now) < Interval))
                return;
            _told = now;
            _samples.Enqueue((now, _moved));
            while (_samples.Count > 2 && time.GetElapsedTime(_samples.Peek().At, now) > Window)
                _samples.Dequeue();
            var (at, moved) = _samples.Peek();
            var seconds = time.GetElapsedTime(at, now).TotalSeconds;
            var rate = seconds > 0 ? (_moved - moved) / seconds : 0;
            var done = Math.Min(_done.Sum(), _total);
            told = new TransferProgress(subject, _finished, sizes.Count, done, _total, rate, rate > 0 ? (_total - done) / rate : null);
        }
        events.Emit(told);
    }
}
