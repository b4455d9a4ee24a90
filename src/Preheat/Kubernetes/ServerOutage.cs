namespace Preheat.Kubernetes;

/// <summary>
/// Lets the requests that follow a roll-out wait for an API server that is away for minutes, as that of a zonal cluster is while its control plane is
/// upgraded. Each try has the short retries of <see cref="Http.HttpPipeline"/>; this is what comes after them.
/// </summary>
/// <param name="limit">How long one may last.</param>
internal sealed class ServerOutage(TimeSpan limit, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private int _waiting;
    private Away? _now;

    /// <summary>The outage at this moment; null while every request is answered.</summary>
    public Away? Now
    {
        get
        {
            lock (_gate)
                return _now;
        }
    }

    /// <summary>Sends a request until the server answers it.</summary>
    /// <exception cref="PreheatException">The last failure, when the outage lasts longer than its limit; or one that waiting does not help.</exception>
    public async Task<T> RunAsync<T>(Func<Task<T>> request, CancellationToken cancellation)
    {
        var (isAway, pause) = (false, FirstPause);
        while (true)
        {
            try
            {
                var answer = await request();
                if (isAway)
                    End();
                return answer;
            }
            catch (PreheatException failure) when (KubernetesErrors.IsOutage(failure, isAway))
            {
                if (time.GetElapsedTime(Begin(failure, isNew: !isAway)) >= limit)
                    throw;
                isAway = true;
            }
            await Task.Delay(pause, time, cancellation);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    // Several requests wait at once; the outage is that of the first one, and ends with the last.
    private long Begin(PreheatException failure, bool isNew)
    {
        lock (_gate)
        {
            if (isNew)
                _waiting++;
            return (_now ??= new(time.GetUtcNow(), time.GetTimestamp(), failure.Message.Split('\n')[0])).Began;
        }
    }

    private void End()
    {
        lock (_gate)
        {
            if (--_waiting == 0)
                _now = null;
        }
    }

    /// <param name="Began">Timestamp of its begin, for its length.</param>
    /// <param name="Why">What became of the first request.</param>
    public sealed record Away(DateTimeOffset Since, long Began, string Why);
}
