using System.Net;
using System.Text.Json.Nodes;
using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>Makes a set of objects the one that runs: records it, applies it, waits until it serves, and removes what earlier revisions left. One way for a deploy and for a way back.</summary>
internal sealed class RevisionRun(
    KubernetesClient client, string deployment, string inNamespace, RevisionRecords records, RolloutTimeouts timeouts, RolloutLive live, IEventSink events, TimeProvider time)
{
    /// <param name="wanted">The objects, which <paramref name="apply"/> has checked.</param>
    /// <param name="from">The record that they are from; null for manifests.</param>
    /// <exception cref="PreheatException">They do not serve; the message says why.</exception>
    public async Task<(RolloutView View, RevisionRecord Record)> RunAsync(
        ObjectApply apply, IReadOnlyList<ObjectChange> checks, IReadOnlyList<JsonObject> wanted, RevisionRecord? from, CancellationToken cancellation)
    {
        var record = await records.BeginAsync(checks, wanted, from, cancellation);
        if (client.DryRun is null)
            await Pruning.RemoveAutoscalersAsync(client, deployment, inNamespace, records, wanted, events, time, cancellation);
        var applied = await apply.ApplyAsync(wanted, cancellation);
        if (client.DryRun is not null)
        {
            await Pruning.RemoveAsync(client, deployment, inNamespace, records, wanted, events, cancellation);
            return (new(applied.First(IsWorkload).After, null, []), record);
        }
        record = await records.AppliedAsync(record, applied, cancellation);
        live.Applied(applied);
        var workload = applied.First(IsWorkload);
        RolloutView view;
        try
        {
            view = await new RolloutWatch(client, workload, OwnedObjects.Selector(deployment), live, events, time).WaitAsync(PhaseLimits.Of(workload.After, timeouts), cancellation);
        }
        catch (RolloutFailedException)
        {
            await records.FailedAsync(record, cancellation);
            throw;
        }
        record = await records.GoodAsync(record, view.Deployment.Annotation(RolloutWatch.Revision), cancellation);
        await Revisions.MarkGoodAsync(client, view.Deployment, cancellation);
        await Pruning.RemoveAsync(client, deployment, inNamespace, records, wanted, events, cancellation);
        await records.TrimAsync(view.Deployment, cancellation);
        return (view, record);
    }

    /// <summary>Applies what a record has, all of it.</summary>
    /// <exception cref="UserException">A Secret that it reads is gone, or the API server refuses an object. Nothing was applied.</exception>
    public async Task<(RolloutView View, RevisionRecord Record)> RestoreAsync(RevisionRecord from, bool force, CancellationToken cancellation)
    {
        await CheckSecretsAsync(from, cancellation);
        IReadOnlyList<JsonObject> wanted = [.. from.Objects.Select(item => (JsonObject)item.DeepClone())];
        foreach (var item in wanted.Where(item => item.Text("kind") == KubernetesKind.Deployment.Kind))
            timeouts.Extend(item);
        wanted = await AutoscaledReplicas.LeaveAsync(client, wanted, deployment, inNamespace, cancellation);
        var apply = new ObjectApply(client, force, events);
        return await RunAsync(apply, await apply.CheckAsync(wanted, cancellation), wanted, from, cancellation);
    }

    private static bool IsWorkload(ObjectChange change) => change.After.Kind == KubernetesKind.Deployment;

    private async Task CheckSecretsAsync(RevisionRecord from, CancellationToken cancellation)
    {
        foreach (var secret in from.Secrets)
        {
            try
            {
                var there = await client.FindAsync(KubernetesKind.Secret, secret.Namespace ?? inNamespace, secret.Name, cancellation);
                if (there is null)
                    throw new UserException($"Revision {from.Number} reads Secret/{secret.Name}, which is not there any more, and its values are kept nowhere. Make it again, then go back; or run Deploy with --hf-token (HF_TOKEN), which makes the hub's.");
                if (!secret.IsOf(there.Json))
                    events.Emit(new Warning($"Secret/{secret.Name} has other values than when revision {from.Number} was deployed; those of now are used, since values are kept nowhere."));
            }
            catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Forbidden)
            {
                events.Emit(new Note($"Whether Secret/{secret.Name}, which revision {from.Number} reads, is as it was is not known: this user may not read it."));
            }
        }
    }
}
