namespace Preheat.Load;

/// <summary>Monotonic nanoseconds since the run began, tied to one reading of the wall clock.</summary>
internal sealed class RunClock(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    /// <summary>The wall clock at the beginning.</summary>
    public DateTimeOffset Began { get; } = time.GetUtcNow();

    public TimeProvider Time => time;

    /// <summary>Nanoseconds since the beginning.</summary>
    public long Now
    {
        get
        {
            var ticks = time.GetTimestamp() - _start;
            var frequency = time.TimestampFrequency;
            return frequency == 1_000_000_000 ? ticks : (long)((Int128)ticks * 1_000_000_000 / frequency);
        }
    }

    public DateTimeOffset At(long nanoseconds) => Began.AddTicks(nanoseconds / 100);
}
