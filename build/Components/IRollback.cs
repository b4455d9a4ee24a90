using Preheat.Kubernetes;

interface IRollback : ISmokeTest
{
    [Parameter("Revision that Rollback goes back to - default is the newest good one that does not run now")]
    int? Revision => TryGetValue<int?>(() => Revision);

    Target Rollback => _ => _
        .Description("Go back to a revision that the cluster keeps")
        .Executes(() => Session.Current.RunAsync(nameof(Rollback), async cancellation =>
        {
            var session = Session.Current;
            var receipts = session.Steps.Receipts;
            var request = new RollbackRequest { Deployment = session.Deployment, Revision = Revision, ForceConflicts = ForceConflicts, NoRollback = NoRollback, Timeouts = Timeouts };
            var (revision, from) = await Rollbacks.RunAsync(request, await session.EndpointsAsync(), session.Events, Session.Time, cancellation);
            // What runs now is not what the manifests describe: the next Deploy applies them again. Where it is reached stays known.
            if (receipts.Read(nameof(Deploy)) is { } deployed && receipts.Output<Rollout>(nameof(Deploy)) is { } rollout)
                receipts.Put(deployed.Outdated(rollout with { Revision = revision, ImageDigest = from.Image.Split('@')[^1] }));
            receipts.Delete(nameof(SmokeTest));
            Log.Information("Deploy, and SmokeTest and LoadTest with it, would go forward again. To try what serves now: ./build.sh SmokeTest --skip Deploy");
            ReportSummary(_ => _
                .AddPair("Revision", $"{revision}, made from {from.Number}")
                .AddPair("Image", from.Image));
        }));
}
