using System.Runtime.CompilerServices;

namespace Preheat.LocalCloud.Pods;

/// <summary>One line of a container's log.</summary>
internal readonly record struct LogLine(DateTimeOffset Time, string Text);

/// <summary>The last lines of one run of a container; readers may follow it to its end.</summary>
internal sealed class ContainerLog(TimeProvider time)
{
    private const int LineLimit = 20_000;
    private const int LineLength = 16 * 1024;

    private readonly Lock _lock = new();
    private readonly Queue<LogLine> _lines = new();
    private long _dropped;
    private bool _ended;
    private TaskCompletionSource _changed = New();

    public void Write(string text)
    {
        lock (_lock)
        {
            _lines.Enqueue(new LogLine(time.GetUtcNow(), text.Length > LineLength ? text[..LineLength] : text));
            if (_lines.Count > LineLimit)
            {
                _lines.Dequeue();
                _dropped++;
            }

            Signal();
        }
    }

    /// <summary>No more lines come: followers finish.</summary>
    public void End()
    {
        lock (_lock)
        {
            _ended = true;
            Signal();
        }
    }

    /// <summary>The last <paramref name="tail"/> lines, then, with <paramref name="follow"/>, each new one until the end.</summary>
    public async IAsyncEnumerable<LogLine> ReadAsync(int tail, bool follow, [EnumeratorCancellation] CancellationToken cancellation)
    {
        long next = -1;
        while (true)
        {
            LogLine[] lines;
            Task changed;
            bool ended;
            lock (_lock)
            {
                next = next < 0 ? _dropped + Math.Max(0, _lines.Count - (long)tail) : Math.Max(next, _dropped);
                lines = [.. _lines.Skip((int)(next - _dropped))];
                (changed, ended) = (_changed.Task, _ended);
            }

            foreach (var line in lines)
            {
                yield return line;
            }

            next += lines.Length;
            if (!follow || ended)
            {
                yield break;
            }

            await changed.WaitAsync(cancellation);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Signal()
    {
        var changed = _changed;
        _changed = New();
        changed.SetResult();
    }
}
