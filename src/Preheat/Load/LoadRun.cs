using Preheat.Runs;

namespace Preheat.Load;

/// <summary>One run of the generator: sends by the schedule, keeps a record per request, tells how it goes.</summary>
internal sealed class LoadRun(LoadOptions options, IReadOnlyList<LoadTarget> targets, RequestSender sender, RunClock clock, IEventSink events)
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(1);

    private readonly RequestRecord?[] _records = new RequestRecord?[options.Requests];
    private readonly RecentLatencies _recent = new();
    private readonly TaskCompletionSource _allEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _sent;
    private int _ended;
    private int _failed;

    /// <summary>When request 0 is due, nanoseconds of the run's clock.</summary>
    public long Origin { get; set; }

    public async Task<LoadReport> RunAsync(string? simulated, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var progress = ProgressAsync(stop.Token);
        try
        {
            await Task.Factory.StartNew(() => SendAll(cancellation), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            await _allEnded.Task.WaitAsync(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // What is in flight is cancelled by the same token and nobody waits for it.
        }
        await stop.CancelAsync();
        await progress;
        return Report(simulated, cancellation.IsCancellationRequested);
    }

    public LoadReport Report(string? simulated, bool interrupted)
    {
        var records = _records.OfType<RequestRecord>().ToList();
        return new LoadReportBuilder(options, clock.Began)
        {
            Origin = Origin,
            Interrupted = interrupted && records.Count < _records.Length,
            Abandoned = Volatile.Read(ref _sent) - records.Count,
            Simulated = simulated,
        }.Build(records);
    }

    private void SendAll(CancellationToken cancellation)
    {
        var pacer = new Pacer(clock, Origin, options.Rate);
        for (var i = 0; i < _records.Length; i++)
        {
            var due = pacer.Due(i);
            pacer.Wait(due, cancellation);
            Interlocked.Increment(ref _sent);
            ThreadPool.UnsafeQueueUserWorkItem(new WorkItem(this, i, due, cancellation), preferLocal: false);
        }
    }

    private async Task SendOneAsync(int index, long due, CancellationToken cancellation)
    {
        try
        {
            var record = await sender.SendAsync(targets[index % targets.Count], due, cancellation);
            Volatile.Write(ref _records[index], record);
            _recent.Add(record.Latency);
            if (!record.Succeeded)
                Interlocked.Increment(ref _failed);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return;
        }
        catch (Exception exception)
        {
            // A defect of the generator itself must neither be lost nor leave the run waiting for this request.
            _allEnded.TrySetException(exception);
            return;
        }
        if (Interlocked.Increment(ref _ended) == _records.Length)
            _allEnded.TrySetResult();
    }

    private async Task ProgressAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(ProgressInterval, clock.Time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested)
                return;
            var (ended, failed) = (Volatile.Read(ref _ended), Volatile.Read(ref _failed));
            var median = _recent.Median() is { } p50 ? $", p50 {GoDuration.FormatRounded(p50)}" : "";
            events.Emit(new StateChanged("load", $"{Volatile.Read(ref _sent)} of {_records.Length} sent, {ended - failed} ok, {failed} failing{median}"));
        }
    }

    private sealed class WorkItem(LoadRun run, int index, long due, CancellationToken cancellation) : IThreadPoolWorkItem
    {
        public void Execute() => _ = run.SendOneAsync(index, due, cancellation);
    }

    /// <summary>The latest latencies, for the progress line only.</summary>
    private sealed class RecentLatencies
    {
        private readonly long[] _latest = new long[512];
        private int _count;

        public void Add(long latency) => Volatile.Write(ref _latest[(uint)(Interlocked.Increment(ref _count) - 1) % (uint)_latest.Length], latency);

        public long? Median()
        {
            var known = Math.Min(Volatile.Read(ref _count), _latest.Length);
            return known == 0 ? null : Distribution.Rank(Distribution.Sort(_latest.Take(known)), 50);
        }
    }
}
