namespace Preheat.Load;

/// <summary>A constant-rate schedule in absolute time: request i is due at i ÷ rate, whatever became of the ones before, so lateness never adds up.</summary>
/// <param name="clock">The run's clock.</param>
/// <param name="origin">When request 0 is due, in the clock's nanoseconds.</param>
/// <param name="rate">Requests per second.</param>
internal sealed class Pacer(RunClock clock, long origin, double rate)
{
    private const long Millisecond = 1_000_000;

    // Timers of the system are up to a millisecond late. From this rate on that matters beside the interval, so the last stretch is
    // spent yielding; below it a wait is only slept, and the lateness shows as schedule delay.
    private const double YieldFrom = 50;

    /// <summary>When request <paramref name="index"/> is due, in the clock's nanoseconds.</summary>
    public long Due(long index) => origin + (long)Math.Round(index / rate * 1e9);

    /// <summary>Returns at <paramref name="due"/> or as soon after it as the system allows; at once when that is past.</summary>
    public async ValueTask WaitAsync(long due, CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var left = due - clock.Now;
            if (left <= 0)
                return;
            if (left > 2 * Millisecond)
                await Task.Delay(TimeSpan.FromMilliseconds((left / Millisecond) - 1), clock.Time, cancellation);
            else if (rate < YieldFrom || left > Millisecond)
                await Task.Delay(TimeSpan.FromMilliseconds(1), clock.Time, cancellation);
            else
                Thread.Yield();
        }
    }
}
