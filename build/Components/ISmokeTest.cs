using Preheat.Runs;
using Preheat.Smoke;

interface ISmokeTest : IDeploy
{
    /// <summary>What the step reads.</summary>
    StepInputs SmokeInputs => new(nameof(SmokeTest), 1, new { }, nameof(Deploy));

    Target SmokeTest => _ => _
        .Description("Ask the endpoint everything a client will, once")
        .DependsOn(Deploy)
        .TriggeredBy(Deploy)
        .OnlyWhenStatic(() => !Diff)
        .Executes(() => Session.Current.RunAsync(nameof(SmokeTest), async cancellation =>
        {
            var session = Session.Current;
            var (rollout, connection) = await ConnectAsync();
            using var open = connection;
            var request = new SmokeRequest
            {
                Client = open.Client,
                BaseAddress = open.BaseAddress,
                ServedModelName = rollout.Endpoint.ServedModelName,
                Server = session.Deployment.Server,
                Api = session.Deployment.ServerApi,
            };
            var report = await Step.RunAsync(
                session.Steps,
                SmokeInputs,
                (_, token) => SmokeTester.IsHealthyAsync(request, token),
                token =>
                {
                    if (session.DryRun is not { } dryRun)
                        return SmokeTester.RunAsync(request, session.Events, Session.Time, token);
                    dryRun.Request("POST", $"{rollout.Endpoint.Service}/", "the smoke checks, a few requests");
                    throw dryRun.Undecided();
                },
                cancellation);
            ReportSummary(_ => _.AddPair("Checks", $"{report.Checks.Count} passed"));
        }));
}
