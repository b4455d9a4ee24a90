using Preheat.Runs;
using Preheat.Serving;

namespace Preheat.Kubernetes;

/// <summary>Goes back by hand to a revision that the cluster keeps.</summary>
public static class Rollbacks
{
    /// <summary>Puts the pods of a revision back and waits until they serve.</summary>
    /// <param name="revision">Number of a kept revision; null for the last good one, else the one before the present.</param>
    /// <returns>The revision as Kubernetes counts it now, and the one it was made from.</returns>
    /// <exception cref="UserException">There is no such revision; the message lists those there are.</exception>
    public static async Task<(string Revision, KeptRevision From)> RunAsync(
        Deployment deployment,
        int? revision,
        bool force,
        RolloutTimeouts timeouts,
        CloudEndpoints endpoints,
        IEventSink events,
        TimeProvider time,
        CancellationToken cancellation)
    {
        using var client = KubernetesClient.Connect(endpoints, time);
        var found = await client.ListAsync(KubernetesKind.Deployment, new(deployment.Namespace, Labels: OwnedObjects.Selector(deployment.Name)), cancellation);
        if (found.Items is not [{ IsDeleting: false } only])
            throw new UserException($"There is no Deployment of '{deployment.Name}' in the namespace {deployment.Namespace} (context {client.Context}), so there is nothing to go back from.");
        var sets = await Revisions.ListAsync(client, only, cancellation);
        var kept = Revisions.Describe(only, sets);
        var from = Choose(kept, revision);
        var set = sets.First(item => Revisions.NumberOf(item) == from.Number);
        await using var lease = client.DryRun is null ? await ClusterLease.TakeAsync(client, deployment.Name, deployment.Namespace, events, time, cancellation) : null;
        events.Emit(new StateChanged(only.Title, $"goes back to revision {from.Number} ({from.Image})"));
        using var live = new RolloutLive(events, time);
        var view = await Revisions.RestoreAsync(client, only, set, deployment.Name, force, timeouts, live, events, time, lease?.Token ?? cancellation);
        if (client.DryRun is { } dryRun)
            throw dryRun.Undecided(isTold: true);
        await Revisions.MarkGoodAsync(client, view.Deployment, cancellation);
        return (view.Deployment.Annotation(RolloutWatch.Revision) ?? "", from);
    }

    private static KeptRevision Choose(IReadOnlyList<KeptRevision> kept, int? revision)
    {
        if (revision is { } number)
        {
            var asked = kept.FirstOrDefault(item => item.Number == number) ?? throw new UserException($"The cluster keeps no revision {number}. {Listed(kept)}");
            return asked.IsCurrent ? throw new UserException($"Revision {number} is what runs now. {Listed(kept)}") : asked;
        }
        return kept.FirstOrDefault(item => item is { IsGood: true, IsCurrent: false })
            ?? kept.FirstOrDefault(item => !item.IsCurrent)
            ?? throw new UserException($"The cluster keeps no earlier revision. {Listed(kept)}");
    }

    private static string Listed(IReadOnlyList<KeptRevision> kept) =>
        kept.Count == 0
            ? "It keeps none."
            : "It keeps:" + string.Concat(kept.Select(item => $"\n  --revision {item.Number}  {item.Image}{(item.MadeAt is { } made ? $", made {made:yyyy-MM-dd HH:mm} UTC" : "")}{(item.IsCurrent ? ", runs now" : "")}{(item.IsGood ? ", the last good one" : "")}"));
}
