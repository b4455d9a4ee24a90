using System.Net;
using System.Text.Json.Nodes;
using Preheat.Manifests;
using Preheat.Runs;
using Preheat.Serving;

namespace Preheat.Kubernetes;

/// <summary>Applies manifests and follows the roll-out.</summary>
public static class Rollouts
{
    /// <summary>Checks everything with the API server, applies it in order, waits until the new revision serves, and removes what an earlier one left behind.</summary>
    /// <exception cref="UserException">The manifests, the kubeconfig or the rights are not what they must be, or another run deploys now. Nothing was applied.</exception>
    /// <exception cref="PreheatException">The roll-out failed; the message says why, with the evidence.</exception>
    public static async Task<Rollout> DeployAsync(DeployRequest request, CloudEndpoints endpoints, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var (deployment, place) = (request.Deployment.Name, request.Deployment.Namespace);
        var set = DeploySet.Of(request, endpoints.DryRun);
        foreach (var warning in set.Wanted.Where(item => item.Text("kind") == KubernetesKind.Deployment.Kind).Select(request.Timeouts.Warning).OfType<string>())
            events.Emit(new Warning(warning));
        using var client = KubernetesClient.Connect(endpoints, time);
        var made = await EnsureNamespaceAsync(client, place, events, cancellation);
        set = await set.LeavingReplicasAsync(client, deployment, place, cancellation);
        var apply = new ObjectApply(client, request.ForceConflicts, events, set.PlaceOf);
        using var live = new RolloutLive(events, time);
        if (endpoints.DryRun is { } dryRun)
        {
            var run = new RevisionRun(client, deployment, place, await RevisionRecords.OpenAsync(client, deployment, place, events, time, cancellation), request.Timeouts, live, events, time);
            await run.RunAsync(apply, [], set.Wanted, from: null, cancellation);
            throw dryRun.Undecided();
        }
        return await ClusterLease.HoldAsync(client, deployment, place, "Deploy", events, time, token => DeployAsync(request, endpoints, set, apply, client, made, live, events, time, token), cancellation);
    }

    /// <summary>What a deploy would change, as unified differences; empty when nothing would. Applies nothing.</summary>
    /// <exception cref="UserException">The API server refuses some of the objects.</exception>
    public static async Task<string> DiffAsync(DeployRequest request, CloudEndpoints endpoints, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var set = DeploySet.Of(request, endpoints.DryRun);
        using var client = KubernetesClient.Connect(endpoints, time);
        if (await FindNamespaceAsync(client, request.Deployment.Namespace, cancellation) is (null, IsKnown: true))
        {
            events.Emit(new Warning($"The namespace {request.Deployment.Namespace} is not there yet, so the API server cannot check the objects: all of them would be new."));
            return string.Concat(set.Wanted.Select(item => ObjectDiff.Of(new(null, new(item)))));
        }
        set = await set.LeavingReplicasAsync(client, request.Deployment.Name, request.Deployment.Namespace, cancellation);
        var changes = await new ObjectApply(client, request.ForceConflicts, events, set.PlaceOf).CheckAsync(set.Wanted, cancellation);
        var records = await RevisionRecords.OpenAsync(client, request.Deployment.Name, request.Deployment.Namespace, events, time, cancellation);
        var left = await Pruning.ListAsync(client, request.Deployment.Name, request.Deployment.Namespace, records, set.Wanted, events, cancellation);
        return string.Concat(changes.Select(ObjectDiff.Of).Concat(left.Select(ObjectDiff.OfRemoval)));
    }

    /// <summary>True while what a deploy made is there as it would make it again, and serves: every object is asked for, and compared with the API server's dry run of its manifest.</summary>
    /// <remarks>So what somebody removed or changed since (<c>kubectl delete</c>, <c>scale</c>, <c>edit</c>) has the deploy run, which puts it right, or says whose the field is. The count of replicas is left to an autoscaler.</remarks>
    public static async Task<bool> ProbeAsync(Rollout rollout, DeployRequest request, CloudEndpoints endpoints, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var (name, place) = (request.Deployment.Name, request.Deployment.Namespace);
        var set = DeploySet.Of(request, endpoints.DryRun);
        using var client = KubernetesClient.Connect(endpoints, time);
        var found = await client.ListAsync(KubernetesKind.Deployment, new(place, Labels: OwnedObjects.Selector(name)), cancellation);
        if (found.Items is not [{ IsDeleting: false } only] || !DeploymentProgress.Of(only).IsDone || !only.Json.Items("spec", "template", "spec", "containers").Any(container => container.Text("image")?.EndsWith("@" + rollout.ImageDigest, StringComparison.Ordinal) == true))
            return false;
        set = await set.LeavingReplicasAsync(client, name, place, cancellation);
        try
        {
            return (await new ObjectApply(client, request.ForceConflicts, events).CheckAsync(set.Wanted, cancellation)).All(change => !change.IsChange);
        }
        catch (UserException)
        {
            // A conflict, a missing right: the deploy tells it whole.
            return false;
        }
    }

    private static async Task<Rollout> DeployAsync(
        DeployRequest request,
        CloudEndpoints endpoints,
        DeploySet set,
        ObjectApply apply,
        KubernetesClient client,
        KubernetesObject? madeNamespace,
        RolloutLive live,
        IEventSink events,
        TimeProvider time,
        CancellationToken cancellation)
    {
        IReadOnlyList<ObjectChange> checks;
        try
        {
            await apply.DefineAsync(set.Wanted, time, cancellation);
            checks = await apply.CheckAsync(set.Wanted, cancellation);
        }
        catch (UserException) when (madeNamespace is not null)
        {
            await RemoveIfEmptyAsync(client, madeNamespace, request.Deployment.Name, events, cancellation);
            throw;
        }
        var (name, place) = (request.Deployment.Name, request.Deployment.Namespace);
        var before = checks.Select(change => change.Before).FirstOrDefault(item => item?.Kind == KubernetesKind.Deployment);
        var records = await RevisionRecords.OpenAsync(client, name, place, events, time, cancellation);
        var pods = before is null || records.HasHistory ? null : await Revisions.GoodOf(client, before, cancellation);
        var run = new RevisionRun(client, name, place, records, request.Timeouts, live, events, time);
        RolloutView view;
        RevisionRecord record;
        try
        {
            (view, record) = await run.RunAsync(apply, checks, set.Wanted, from: null, cancellation);
        }
        // A revision that was good before, and does not start now, is not to blame.
        catch (RolloutFailedException failure) when (!request.NoRollback && before is not null && records.All is [{ State: RevisionState.Failed }, ..])
        {
            const string Advice = "To keep a failed revision for a look at it, add --no-rollback.";
            if (records is { IsKept: true, HasHistory: true })
            {
                if (records.GoodBeside(records.All[0]) is not { } good)
                    throw;
                throw await WayBack.GoAsync(before.Title, good.Number, failure, Advice, events, async () => $"{(await run.RestoreAsync(good, force: true, cancellation)).Record.Number}");
            }
            if ((pods ?? await Revisions.GoodOf(client, before, cancellation)) is not { } replicas)
                throw;
            throw await WayBack.GoAsync(before.Title, Revisions.NumberOf(replicas), failure, Advice, events, async () =>
            {
                var restored = await Revisions.RestoreAsync(client, before, replicas, name, force: true, request.Timeouts, live, events, time, cancellation);
                await Revisions.MarkGoodAsync(client, restored.Deployment, cancellation);
                return restored.Deployment.Annotation(RolloutWatch.Revision) ?? "";
            });
        }
        var starts = await ColdStarts.ReadAsync(client, view, events, cancellation);
        var endpoint = await EndpointFinder.FindAsync(client, set.Endpoint, events, time, cancellation);
        var revision = view.Deployment.Annotation(RolloutWatch.Revision);
        starts = before?.Annotation(RolloutWatch.Revision) == revision
            ? FirstTokens.Keep(starts, request.Previous)
            : await FirstTokens.MeasureAsync(starts, endpoint, endpoints, PhaseLimits.Of(view.Deployment, request.Timeouts).FirstToken, live, events, time, cancellation);
        ColdStarts.Tell(starts, events);
        var first = starts.Select(start => start.Phases).FirstOrDefault() ?? [];
        if (before?.Annotation(RolloutWatch.Revision) != revision && first.Count > 0)
            await records.StartedAsync(record, ColdStarts.Text(first), cancellation);
        return new()
        {
            Revision = records.IsKept ? $"{record.Number}" : revision ?? "",
            ImageDigest = request.Image.Digest,
            Endpoint = endpoint,
            ColdStart = first,
            Pods = starts,
            PreviousColdStart = request.Previous?.ColdStart,
        };
    }

    /// <summary>The namespace when it had to be made.</summary>
    private static async Task<KubernetesObject?> EnsureNamespaceAsync(KubernetesClient client, string name, IEventSink events, CancellationToken cancellation)
    {
        var (there, isKnown) = await FindNamespaceAsync(client, name, cancellation);
        if (there is not null || !isKnown)
            return null;
        var made = await client.ApplyAsync(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = name } }, cancellation);
        if (client.DryRun is null)
            events.Emit(new StateChanged(made.Title, "created"));
        return made;
    }

    // Somebody else may have come to use it meanwhile.
    private static async Task RemoveIfEmptyAsync(KubernetesClient client, KubernetesObject space, string deployment, IEventSink events, CancellationToken cancellation)
    {
        foreach (var kind in new[] { KubernetesKind.Lease, KubernetesKind.Deployment, KubernetesKind.StatefulSet, KubernetesKind.Job, KubernetesKind.Pod, KubernetesKind.Service, KubernetesKind.Claim })
        {
            var there = await client.ListAsync(kind, new(space.Name), cancellation);
            if (there.Items.FirstOrDefault(item => item.Label(ManifestChecks.DeploymentLabel) != deployment) is not { } other)
                continue;
            events.Emit(new Note($"The namespace {space.Name}, which was made for this deploy, stays: {other.Title} is there."));
            return;
        }
        await client.DeleteAsync(space, waitForDependents: false, cancellation);
    }

    // Rights inside a namespace are enough to deploy; whether it is there the next request tells.
    /// <exception cref="UserException">It is being removed.</exception>
    private static async Task<(KubernetesObject? There, bool IsKnown)> FindNamespaceAsync(KubernetesClient client, string name, CancellationToken cancellation)
    {
        try
        {
            var there = await client.FindAsync(KubernetesKind.Namespace, inNamespace: null, name, cancellation);
            return there is { IsDeleting: true } ? throw new UserException($"The namespace {name} is being removed. Wait until it is gone, or choose another --namespace.") : (there, true);
        }
        catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Forbidden)
        {
            return (null, false);
        }
    }
}
