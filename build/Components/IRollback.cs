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
            // What runs now is not what the receipts describe: the next Deploy applies the manifests again.
            foreach (var target in new[] { nameof(Deploy), nameof(SmokeTest) })
                receipts.Delete(target);
            ReportSummary(_ => _
                .AddPair("Revision", $"{revision}, made from {from.Number}")
                .AddPair("Image", from.Image));
        }));
}
