using Preheat.Runs;
using Preheat.Serving;

namespace Preheat.Kubernetes;

/// <summary>What to go back to, and how.</summary>
public sealed record RollbackRequest
{
    public required Deployment Deployment { get; init; }

    /// <summary>Number of a kept revision; null for the last good one before the present.</summary>
    public int? Revision { get; init; }

    /// <summary>Take fields over that belong to another manager.</summary>
    public bool ForceConflicts { get; init; }

    /// <summary>Leave it as it is when the revision does not serve, to look at it.</summary>
    public bool NoRollback { get; init; }

    /// <summary>Time limits other than the usual ones.</summary>
    public RolloutTimeouts Timeouts { get; init; } = RolloutTimeouts.None;
}

/// <summary>Goes back by hand to a revision that the cluster keeps.</summary>
public static class Rollbacks
{
    /// <summary>Applies all objects of a revision again, removes what later ones added, and waits until it serves. When it does not, what was there before is put back.</summary>
    /// <returns>The revision's number now, and the one it was made from.</returns>
    /// <exception cref="UserException">There is no such revision; the message lists those there are.</exception>
    public static async Task<(string Revision, KeptRevision From)> RunAsync(RollbackRequest request, CloudEndpoints endpoints, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var (name, place) = (request.Deployment.Name, request.Deployment.Namespace);
        using var client = KubernetesClient.Connect(endpoints, time);
        var found = await client.ListAsync(KubernetesKind.Deployment, new(place, Labels: OwnedObjects.Selector(name)), cancellation);
        if (found.Items is not [{ IsDeleting: false } only])
            throw new UserException($"There is no Deployment of '{name}' in the namespace {place} (context {client.Context}), so there is nothing to go back from.");
        return await ClusterLease.HoldAsync(client, name, place, "Rollback", events, time, token => GoBackAsync(request, client, only, events, time, token), cancellation);
    }

    private static async Task<(string Revision, KeptRevision From)> GoBackAsync(RollbackRequest request, KubernetesClient client, KubernetesObject only, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var (name, place) = (request.Deployment.Name, request.Deployment.Namespace);
        var records = await RevisionRecords.OpenAsync(client, name, place, events, time, cancellation);
        using var live = new RolloutLive(events, time);
        if (!records.HasHistory)
            return await RestorePodsAsync(request, client, only, live, events, time, cancellation);

        var run = new RevisionRun(client, name, place, records, request.Timeouts, live, events, time);
        var present = records.All[0];
        var kept = records.Describe();
        var from = Choose(kept, request.Revision, records.GoodBeside(present)?.Number);
        events.Emit(new StateChanged(only.Title, $"goes back to revision {from.Number} ({from.Image})"));
        try
        {
            var (_, record) = await run.RestoreAsync(records.All.First(item => item.Number == from.Number), request.ForceConflicts, cancellation);
            if (client.DryRun is { } dryRun)
                throw dryRun.Undecided(isTold: true);
            return ($"{record.Number}", from);
        }
        catch (RolloutFailedException failure) when (!request.NoRollback && records.All[0] is { State: RevisionState.Failed } && present.State is RevisionState.Good)
        {
            throw await WayBack.GoAsync(only.Title, present.Number, failure, "It is what ran before.", events, async () => $"{(await run.RestoreAsync(present, force: true, cancellation)).Record.Number}");
        }
    }

    // Where nothing but Kubernetes' own ReplicaSets is kept: the pods alone.
    private static async Task<(string Revision, KeptRevision From)> RestorePodsAsync(
        RollbackRequest request, KubernetesClient client, KubernetesObject only, RolloutLive live, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var sets = await Revisions.ListAsync(client, only, cancellation);
        var kept = Revisions.Describe(only, sets);
        var from = Choose(kept, request.Revision, (kept.FirstOrDefault(item => item is { IsGood: true, IsCurrent: false }) ?? kept.FirstOrDefault(item => !item.IsCurrent))?.Number);
        var set = sets.First(item => Revisions.NumberOf(item) == from.Number);
        events.Emit(new StateChanged(only.Title, $"goes back to the pods of revision {from.Number} ({from.Image})"));
        var view = await Revisions.RestoreAsync(client, only, set, request.Deployment.Name, request.ForceConflicts, request.Timeouts, live, events, time, cancellation);
        if (client.DryRun is { } dryRun)
            throw dryRun.Undecided(isTold: true);
        await Revisions.MarkGoodAsync(client, view.Deployment, cancellation);
        return (view.Deployment.Annotation(RolloutWatch.Revision) ?? "", from);
    }

    private static KeptRevision Choose(IReadOnlyList<KeptRevision> kept, int? revision, long? otherwise)
    {
        if (revision is { } number)
        {
            var asked = kept.FirstOrDefault(item => item.Number == number) ?? throw new UserException($"The cluster keeps no revision {number}. {Listed(kept)}");
            // One that did not come to its end may be applied once more.
            return asked is { IsCurrent: true, State: null or RevisionState.Good } ? throw new UserException($"Revision {number} is what runs now. {Listed(kept)}") : asked;
        }
        return kept.FirstOrDefault(item => item.Number == otherwise)
            ?? throw new UserException($"The cluster keeps no earlier revision that was good. {Listed(kept)}");
    }

    private static string Listed(IReadOnlyList<KeptRevision> kept) =>
        kept.Count == 0 ? "It keeps none." : "It keeps:" + string.Concat(kept.Select(item => $"\n  --revision {item.Number}  {item.Text()}"));
}
