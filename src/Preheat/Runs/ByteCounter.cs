using System.Collections.Concurrent;

namespace Preheat.Runs;

/// <summary>Adds up the bytes that each target moved, from the events about them. What is sent again after a failure counts again.</summary>
public sealed class ByteCounter : IEventSink
{
    private readonly ConcurrentDictionary<(string Target, string Subject), Transfer> _transfers = new();

    /// <summary>Bytes moved for a target so far.</summary>
    public long Of(string target) => _transfers.Where(entry => entry.Key.Target == target).Sum(entry => entry.Value.Bytes);

    public void Emit(RunEvent runEvent)
    {
        if (runEvent is ByteProgress progress && CurrentTarget.Name is { } target)
            _transfers.GetOrAdd((target, progress.Subject), _ => new Transfer()).Reach(progress.Done);
    }

    private sealed class Transfer
    {
        private readonly Lock _lock = new();
        private long _done;
        private long _before;

        public long Bytes
        {
            get
            {
                lock (_lock)
                    return _before + _done;
            }
        }

        public void Reach(long done)
        {
            lock (_lock)
            {
                // Less than before: another try, from the start.
                if (done < _done)
                    _before += _done;
                _done = done;
            }
        }
    }
}
