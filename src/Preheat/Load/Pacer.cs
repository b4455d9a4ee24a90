namespace Preheat.Load;

/// <summary>A constant-rate schedule in absolute time: request i is due at i ÷ rate, whatever became of the ones before, so lateness never adds up.</summary>
/// <param name="clock">The run's clock.</param>
/// <param name="origin">When request 0 is due, in the clock's nanoseconds.</param>
/// <param name="rate">Requests per second.</param>
internal sealed class Pacer(RunClock clock, long origin, double rate)
{
    private const long Millisecond = 1_000_000;
    private const int LongestSleep = 60_000;

    // A wait sleeps whole milliseconds; the rest of one is spent yielding, which costs half a millisecond of a core per request on average.
    // Beyond this rate that would be a quarter of a core and more: then requests go out once a millisecond, those that are due together.
    private const double YieldUpTo = 500;

    /// <summary>When request <paramref name="index"/> is due, in the clock's nanoseconds.</summary>
    public long Due(long index) => origin + (long)Math.Round(index / rate * 1e9);

    /// <summary>Returns at <paramref name="due"/> or as soon after it as the system allows; at once when that is past. Blocks its thread: a thread of its own
    /// wakes to within tenths of a millisecond, a timer of the thread pool to within two milliseconds.</summary>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public void Wait(long due, CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var left = due - clock.Now;
            if (left <= 0)
                return;
            if (left >= Millisecond)
                Sleep((int)Math.Min(left / Millisecond, LongestSleep), cancellation);
            else if (rate > YieldUpTo)
                Sleep(1, cancellation);
            else
                Thread.Yield();
        }
    }

    private void Sleep(int milliseconds, CancellationToken cancellation)
    {
        if (clock.Time == TimeProvider.System)
            cancellation.WaitHandle.WaitOne(milliseconds);
        else
            Task.Delay(TimeSpan.FromMilliseconds(milliseconds), clock.Time, cancellation).Wait(cancellation);
    }
}
