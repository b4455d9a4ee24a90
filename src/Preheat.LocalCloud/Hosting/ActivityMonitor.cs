namespace Preheat.LocalCloud.Hosting;

/// <summary>Knows when the cloud was last used and says when it has been idle for long enough.</summary>
public sealed class ActivityMonitor(TimeProvider time)
{
    private long _last = time.GetTimestamp();
    private int _inUse;

    /// <summary>Marks this moment as one of use.</summary>
    public void Touch() => Volatile.Write(ref _last, time.GetTimestamp());

    /// <summary>Runs something during which the cloud counts as used, however long it lasts: an upload, a download.</summary>
    public async Task UseAsync(Func<Task> work)
    {
        Interlocked.Increment(ref _inUse);
        try
        {
            await work();
        }
        finally
        {
            Touch();
            Interlocked.Decrement(ref _inUse);
        }
    }

    /// <summary>Time since the last use; zero while one lasts.</summary>
    public TimeSpan Idle => Volatile.Read(ref _inUse) > 0 ? TimeSpan.Zero : time.GetElapsedTime(Volatile.Read(ref _last));

    /// <summary>Completes once nothing has happened for <paramref name="limit"/>.</summary>
    public async Task WaitForIdleAsync(TimeSpan limit, CancellationToken cancellation)
    {
        for (var left = limit - Idle; left > TimeSpan.Zero; left = limit - Idle)
        {
            // A fraction more than what is left, so that one wake-up is enough when nothing happens.
            await Task.Delay(left + TimeSpan.FromMilliseconds(1), time, cancellation);
        }
    }
}
