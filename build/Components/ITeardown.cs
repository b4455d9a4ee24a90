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
            Log.Information("This will be removed from context {Context:l} ({Server}), in this order:", plan.Context, plan.Server);
            foreach (var line in plan.Lines())
                Log.Information("  {Line:l}", line);
            if (session.DryRun is null && !Yes && !Agreed(plan))
                throw new UserException("Nothing was removed. Add --yes to remove what is listed above.");
            await ClusterTeardown.RemoveAsync(plan, endpoints, session.Events, Session.Time, cancellation);
            foreach (var target in new[] { nameof(Deploy), nameof(SmokeTest) })
                receipts.Delete(target);
            ReportSummary(_ => _.AddPair(session.DryRun is null ? "Removed" : "Would remove", $"{plan.Objects.Count} objects"));
        }));

    private static bool Agreed(TeardownPlan plan)
    {
        if (Console.IsInputRedirected)
            return false;
        Console.Write($"Remove these {plan.Objects.Count} objects from {plan.Context}? [y/N] ");
        return Console.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }
}
