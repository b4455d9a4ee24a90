using Preheat.Runs;

namespace Preheat.Load;

/// <summary>Open-loop load at a constant rate: requests go out when the schedule says so, whatever became of the ones before.</summary>
public static class LoadTester
{
    // Time for the pacer to be at work before the first request is due.
    private const long LeadIn = 20_000_000;

    /// <summary>Warms up, sends exactly rate × duration requests and reports what was measured. When cancelled it stops sending, waits for nothing and
    /// returns what had been measured, marked interrupted. Objectives are judged in the report; see <see cref="LoadReport.ThrowIfMissed"/>.</summary>
    /// <exception cref="UserException">Options or the targets file are wrong; or the endpoint's name does not resolve, or it answers the warm-up with 401, 403 or 404.</exception>
    public static async Task<LoadReport> RunAsync(LoadRequest request, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var options = request.Options;
        if (options.Errors().ToList() is { Count: > 0 } errors)
            throw new UserException(string.Join('\n', errors));
        var targets = options.TargetsFile is { } file
            ? TargetsFile.Read(file, request.Base)
            : [LoadTarget.Generate(options, request.Base, request.ServedModelName)];
        var clock = new RunClock(time);
        var sender = new RequestSender(request.Client, clock, options.Timeout);
        var run = new LoadRun(options, targets, sender, clock, events);
        try
        {
            await WarmUpAsync(options, targets, sender, clock, events, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return run.Report(request.Simulated, interrupted: true);
        }
        run.Origin = clock.Now + LeadIn;
        var report = await run.RunAsync(request.Simulated, cancellation);
        if (!report.Valid && !report.Interrupted)
            events.Emit(new Warning($"{options.Rate:0.##} requests/s were asked for, {report.AchievedRate:0.##} were sent: this run does not say what {options.Rate:0.##} requests/s would do."));
        return report;
    }

    private static async Task WarmUpAsync(
        LoadOptions options, IReadOnlyList<LoadTarget> targets, RequestSender sender, RunClock clock, IEventSink events, CancellationToken cancellation)
    {
        for (var i = 0; i < options.WarmUpRequests; i++)
        {
            var target = targets[i % targets.Count];
            var record = await sender.SendAsync(target, clock.Now, cancellation);
            if (record.Succeeded)
                continue;
            var said = string.IsNullOrEmpty(record.Detail) ? "" : $": {record.Detail}";
            if (record.Status is 401 or 403 or 404 || record.Failure == FailureKind.Connection && record.Error!.Contains("does not resolve", StringComparison.Ordinal))
                throw new UserException($"The load test did not start: {target.Method} {target.Address.GetLeftPart(UriPartial.Path)} failed with '{record.Error}'{said}. Check the endpoint, its credentials and the served model's name.");
            events.Emit(new Warning($"warm-up request {i + 1}: {record.Error}{said}"));
        }
    }
}
