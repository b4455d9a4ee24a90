using Preheat.Kubernetes;
using Preheat.Load;
using Preheat.Runs;

interface ILoadTest : ISmokeTest
{
    [Parameter("Requests per second - default is 10")]
    string? LoadRate => TryGetValue(() => LoadRate);

    [Parameter("How long the load lasts - default is 10s on the embedded cloud, 600s on Google Cloud")]
    string? LoadDuration => TryGetValue(() => LoadDuration);

    [Parameter("Time limit of one request - default is 30s")]
    string? LoadTimeout => TryGetValue(() => LoadTimeout);

    [Parameter("File of requests in vegeta's form - default is a completion request")]
    string? LoadTargets => TryGetValue(() => LoadTargets);

    [Parameter("What the load test must reach, such as 'success>=99,p95<=2s' - default is success>=99", Separator = ",")]
    string[]? Objective => TryGetValue(() => Objective);

    /// <summary>The load as asked for; wrong values are listed all together.</summary>
    LoadOptions Load => LoadOptions.Parse(LoadRate, LoadDuration, LoadTimeout, LoadTargets, Objective is { Length: > 0 } ? Objective : ["success>=99"]);

    /// <summary>What the step reads; a measurement is made anew by every run.</summary>
    StepInputs LoadInputs => new(
        nameof(LoadTest), 1, new { Load.Rate, duration = Load.Duration.TotalSeconds, timeout = Load.Timeout.TotalSeconds }, nameof(Deploy));

    Target LoadTest => _ => _
        .Description("Send load at a constant rate and measure; missed objectives end with exit code 3")
        .DependsOn(Deploy)
        .After(SmokeTest)
        .OnlyWhenStatic(() => !Diff)
        .Executes(() => Session.Current.RunAsync(nameof(LoadTest), async cancellation =>
        {
            var session = Session.Current;
            var options = Load.For(session.Deployment.Server, session.Deployment.ServerApi);
            var endpoints = await session.EndpointsAsync();
            var (rollout, connection) = await ConnectAsync();
            using var open = connection;
            if (rollout.Endpoint.Kind is EndpointKind.PortForward)
                Log.Warning("The endpoint is a port-forward, which reaches one pod: this measures that pod, and no autoscaling.");
            var request = new LoadRequest
            {
                Client = open.Client,
                BaseAddress = open.BaseAddress,
                ServedModelName = rollout.Endpoint.ServedModelName,
                Options = options,
                Simulated = LoadRequest.SimulationStamp(endpoints, session.Deployment.Accelerator),
            };
            LoadReport report = null!;
            await Step.RefreshAsync(
                session.Steps,
                LoadInputs,
                async token =>
                {
                    if (session.DryRun is { } dryRun)
                    {
                        dryRun.Request("POST", $"{rollout.Endpoint.Service}/", $"{options.Requests} load requests at {options.Rate}/s");
                        foreach (var file in new[] { "load.json", "load.txt" })
                            dryRun.Write(LoadFile(file), "the measurement");
                        throw dryRun.Undecided();
                    }
                    report = await LoadTester.RunAsync(request, session.Events, Session.Time, token);
                    Keep(report);
                    // What was measured until then is kept as a report; the receipt stays that of the last whole test.
                    token.ThrowIfCancellationRequested();
                    return new LoadSummary(report.Earliest, report.Requests, report.Success, report.Throughput, report.ObjectivesMet);
                },
                cancellation);
            ReportSummary(_ => _
                .AddPair("Success", $"{report.Success * 100:0.00} %")
                .AddPair("Throughput", $"{report.Throughput:0.00}/s")
                .AddPair("p50", $"{report.Latencies.P50 / 1e6:0.0} ms"));
            report.ThrowIfMissed();
        }));

    /// <summary>Path of a file of the last load test.</summary>
    string LoadFile(string name) => Path.Combine(Session.Current.Steps.Receipts.Directory, name);

    /// <summary>Writes <c>load.json</c> and <c>load.txt</c>.</summary>
    private void Keep(LoadReport report)
    {
        AtomicFile.Write(LoadFile("load.json"), System.Text.Encoding.UTF8.GetBytes(report.ToJson()));
        AtomicFile.Write(LoadFile("load.txt"), System.Text.Encoding.UTF8.GetBytes(report.ToText()));
        foreach (var line in report.ToText().TrimEnd().Split('\n'))
            Log.Information("{Line:l}", line);
    }
}

/// <summary>What the receipt keeps of a load test; the whole is in <c>load.json</c>.</summary>
sealed record LoadSummary(DateTimeOffset StartedAt, long Requests, double Success, double Throughput, bool ObjectivesMet);
