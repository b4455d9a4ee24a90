using Preheat;
using Preheat.Kubernetes;

interface ITeardown : ISmokeTest
{
    [Parameter("Do not ask before something is removed")]
    bool Yes => TryGetValue<bool?>(() => Yes) ?? false;

    [Parameter("Remove what all deployments of the cluster share, too")]
    bool Shared => TryGetValue<bool?>(() => Shared) ?? false;

    Target Teardown => _ => _
        .Description("Remove what Deploy made in the cluster, after a list of it")
        .Executes(() => Session.Current.RunAsync(nameof(Teardown), async cancellation =>
        {
            var session = Session.Current;
            var receipts = session.Steps.Receipts;
            var endpoints = await session.EndpointsAsync();
            var scope = await ClusterScope.FindAsync(session.Deployment, endpoints, session.Events, Session.Time, cancellation);
            var plan = await ClusterTeardown.PlanAsync(receipts.Deployment, scope, Shared, endpoints, session.Events, Session.Time, cancellation);
            if (plan.Objects.Count == 0)
            {
                Log.Information("Nothing is there of deployment '{Name:l}'.", receipts.Deployment);
                return;
            }
            Log.Information("This will be removed, in this order:");
            foreach (var item in plan.Objects)
                Log.Information("  {Namespace:l} {Title:l}{Age:l}", item.Namespace ?? "", item.Title, item.CreatedAt is { } made ? $", made {made:yyyy-MM-dd HH:mm} UTC" : "");
            if (session.DryRun is null && !Yes && !Agreed())
                throw new UserException("Nothing was removed. Add --yes to remove what is listed above.");
            foreach (var target in new[] { nameof(Deploy), nameof(SmokeTest) })
                receipts.Delete(target);
            await ClusterTeardown.RemoveAsync(plan, endpoints, session.Events, Session.Time, cancellation);
            ReportSummary(_ => _.AddPair(session.DryRun is null ? "Removed" : "Would remove", $"{plan.Objects.Count} objects"));
        }));

    private static bool Agreed()
    {
        if (Console.IsInputRedirected)
            return false;
        Console.Write("Remove it? [y/N] ");
        return Console.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }
}
