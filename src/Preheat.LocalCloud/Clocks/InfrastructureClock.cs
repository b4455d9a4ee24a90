namespace Preheat.LocalCloud.Clocks;

/// <summary>The clock of nodes, pulls, starts, weights, probe delays and deadlines: modelled time divided by the time-scale.</summary>
public sealed class InfrastructureClock(TimeProvider time, double timeScale)
{
    public TimeProvider Time { get; } = time;

    /// <summary>How many times faster than the simulated hardware.</summary>
    public double TimeScale { get; } = timeScale > 0 ? timeScale : throw new ArgumentOutOfRangeException(nameof(timeScale), timeScale, "A time-scale is above 0.");

    /// <summary>How long a modelled phase lasts here.</summary>
    public TimeSpan Scale(TimeSpan modelled) => modelled / TimeScale;

    /// <summary>Waits for a modelled time.</summary>
    public Task DelayAsync(TimeSpan modelled, CancellationToken cancellation) => Task.Delay(Scale(modelled), Time, cancellation);

    /// <summary>Runs real work that stands for a modelled phase: it lasts max(real work, modelled ÷ scale).</summary>
    public async Task PhaseAsync(TimeSpan modelled, Func<Task> work, CancellationToken cancellation)
    {
        var least = DelayAsync(modelled, cancellation);
        await work();
        await least;
    }
}
