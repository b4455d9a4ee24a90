using System.Text.Json.Nodes;
using Preheat.Runs;
using Preheat.Serving;

namespace Preheat.Kubernetes;

/// <summary>Removes what an earlier revision with other features left: it carries our label and was applied by us, and this revision does not have it.</summary>
internal static class Pruning
{
    /// <summary>What would be removed.</summary>
    public static async Task<IReadOnlyList<KubernetesObject>> ListAsync(KubernetesClient client, Deployment deployment, IReadOnlyList<JsonObject> wanted, IEventSink events, CancellationToken cancellation)
    {
        var kept = wanted.Select(json => Key(new(json))).ToHashSet();
        var owned = await OwnedObjects.ListAsync(client, deployment.Name, deployment.Namespace, events, cancellation);
        // Receipts that other machines continue from live in ConfigMaps; volumes outlive the revision that filled them; the lease says that we are at it.
        return [.. owned.Where(item => !kept.Contains(Key(item)) && !item.IsDeleting && item.Kind.Kind is not ("ConfigMap" or "PersistentVolumeClaim" or "Job" or "Lease"))];
    }

    public static async Task RemoveAsync(KubernetesClient client, Deployment deployment, IReadOnlyList<JsonObject> wanted, IEventSink events, CancellationToken cancellation)
    {
        foreach (var item in await ListAsync(client, deployment, wanted, events, cancellation))
        {
            if (await client.DeleteAsync(item, waitForDependents: false, cancellation) && client.DryRun is null)
                events.Emit(new StateChanged(item.Title, "removed: an earlier revision left it"));
        }
    }

    private static (string Kind, string Name) Key(KubernetesObject item) => (item.Kind.Kind, item.Name);
}
