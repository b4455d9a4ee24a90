using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>What a teardown will remove, in this order. Shown before anything is removed.</summary>
/// <param name="Context">Name of the kubeconfig context.</param>
public sealed record TeardownPlan(string Deployment, string? Namespace, IReadOnlyList<KubernetesObject> Objects, string Context, Uri Server)
{
    /// <summary>The objects in lines, with what goes with them.</summary>
    public IEnumerable<string> Lines() => Objects.GroupBy(item => item.Label(RevisionCodec.Label) is not null ? $"records of {item.Namespace}" : item.Uid).Select(group =>
    {
        var first = group.First();
        var made = first.CreatedAt is { } at ? $", made {at:yyyy-MM-dd HH:mm} UTC" : "";
        return first.Label(RevisionCodec.Label) is not null
            ? $"{first.Namespace} the records of {group.Count()} revisions ({string.Join(", ", group.Select(item => item.Title))}){made}"
            : $"{first.Namespace} {first.Title}{Loss(first)}{made}".TrimStart();
    });

    // What nobody gets back.
    private static string Loss(KubernetesObject item) => item.Kind switch
    {
        _ when item.Kind == KubernetesKind.Deployment => $" and its {item.Json.Whole("status", "replicas") ?? 0} pods",
        _ when item.Kind == KubernetesKind.Claim => " and the data of its volume, unless the storage class keeps it",
        _ when item.Kind == KubernetesKind.Service && ServiceProgress.AddressOf(item) is { } address => $" and its address {address}",
        _ => "",
    };
}

/// <summary>Removes what this program made for a deployment, and nothing else. Namespaces stay.</summary>
public static class ClusterTeardown
{
    private const string Target = "Teardown";
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>How long the removal may take. Pods get the time that they ask for to end well.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Asks the cluster what there is to remove.</summary>
    /// <param name="inNamespace">Null looks in all namespaces.</param>
    /// <param name="withShared">Also what the deployments of the cluster share.</param>
    /// <exception cref="UserException">A run deploys it now, or other deployments still use what is shared.</exception>
    public static async Task<TeardownPlan> PlanAsync(string deployment, string? inNamespace, bool withShared, CloudEndpoints endpoints, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        using var client = KubernetesClient.Connect(endpoints, time);
        var own = await OwnedObjects.ListAllAsync(client, deployment, inNamespace, events, cancellation);
        foreach (var place in PlacesOf(own))
            await ClusterLease.CheckAsync(client, deployment, place, Target, events, time, cancellation);
        if (!withShared)
            return new(deployment, inNamespace, own, client.Context, client.Server);
        var others = (await OwnedObjects.DeploymentsAsync(client, cancellation)).Where(other => other != deployment).ToList();
        return others.Count == 0
            ? new(deployment, inNamespace, [.. own, .. await OwnedObjects.ListSharedAsync(client, events, cancellation)], client.Context, client.Server)
            : throw new UserException($"Nothing was removed: other deployments of this cluster use what is shared: {string.Join(", ", others)}. Tear them down first, or leave --shared out.");
    }

    /// <summary>Removes exactly the objects of a plan and waits until they and their pods are gone.</summary>
    /// <exception cref="UserException">A run has begun to deploy it since the plan was made. Nothing was removed.</exception>
    /// <exception cref="PreheatException">Something is still there after five minutes; the message says what.</exception>
    public static async Task RemoveAsync(TeardownPlan plan, CloudEndpoints endpoints, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        using var client = KubernetesClient.Connect(endpoints, time);
        foreach (var place in PlacesOf(plan.Objects))
            await CheckAgainAsync(client, plan, place, events, time, cancellation);
        foreach (var item in plan.Objects)
        {
            await client.DeleteAsync(item, waitForDependents: true, cancellation);
            if (client.DryRun is not null)
                continue;
            events.Emit(new StateChanged(item.Title, "being removed"));
        }

        if (client.DryRun is not null)
            return;
        var began = time.GetTimestamp();
        var waiting = plan.Objects.ToList();
        while (true)
        {
            foreach (var item in waiting.ToList())
            {
                var now = await client.FindAsync(item.Kind, item.Namespace, item.Name, cancellation);
                if (now?.Uid == item.Uid)
                    continue;
                waiting.Remove(item);
                events.Emit(new StateChanged(item.Title, "removed"));
            }
            var pods = await PodsAsync(client, plan, cancellation);
            if (waiting.Count == 0 && pods.Count == 0)
                return;
            if (time.GetElapsedTime(began) > Limit)
                throw new PreheatException($"Still there after {Limit.TotalMinutes:0} minutes: {string.Join(", ", waiting.Concat(pods).Select(WithFinalizers))}. Run Teardown again, or look at what holds them.");
            await Task.Delay(Interval, time, cancellation);
        }
    }

    private static IReadOnlyList<string> PlacesOf(IReadOnlyList<KubernetesObject> objects) => [.. objects.Select(item => item.Namespace).OfType<string>().Distinct().Order(StringComparer.Ordinal)];

    // The user was asked in between. A lease that is as it was in the plan was left behind by a run that is gone.
    private static async Task CheckAgainAsync(KubernetesClient client, TeardownPlan plan, string place, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        if (plan.Objects.FirstOrDefault(item => item.Kind == KubernetesKind.Lease && item.Namespace == place) is { } known
            && (await client.FindAsync(known.Kind, place, known.Name, cancellation))?.ResourceVersion == known.ResourceVersion)
            return;
        await ClusterLease.CheckAsync(client, plan.Deployment, place, Target, events, time, cancellation);
    }

    // Pods of removed Deployments only; any other pod with the label is not ours to wait for.
    private static async Task<IReadOnlyList<KubernetesObject>> PodsAsync(KubernetesClient client, TeardownPlan plan, CancellationToken cancellation)
    {
        if (!plan.Objects.Any(item => item.Kind == KubernetesKind.Deployment))
            return [];
        var pods = await client.ListAsync(KubernetesKind.Pod, new(plan.Namespace, Labels: OwnedObjects.Selector(plan.Deployment)), cancellation);
        return [.. pods.Items.Where(pod => pod.Json.Items("metadata", "ownerReferences").Any(owner => owner.Text("kind") == "ReplicaSet"))];
    }

    private static string WithFinalizers(KubernetesObject item)
    {
        var finalizers = item.Json.At("metadata", "finalizers") is System.Text.Json.Nodes.JsonArray list ? string.Join(", ", list) : "";
        return finalizers.Length == 0 ? item.Title : $"{item.Title} (held by {finalizers})";
    }
}
