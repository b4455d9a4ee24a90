using System.Net;
using Preheat.Runs;
using Preheat.Serving;

namespace Preheat.Kubernetes;

/// <summary>Where the objects of a deployment are looked for: in all namespaces, or in its own where the user's rights end there.</summary>
public static class ClusterScope
{
    // Nothing is said of a deployment without them; other kinds that may not be listed are left out one by one.
    private static readonly KubernetesKind[] Needed = [KubernetesKind.Deployment, KubernetesKind.Pod];

    /// <summary>Null for all namespaces; else the deployment's own, with a warning.</summary>
    public static async Task<string?> FindAsync(Deployment deployment, CloudEndpoints endpoints, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        using var client = KubernetesClient.Connect(endpoints, time);
        foreach (var kind in Needed)
        {
            try
            {
                await client.ListAsync(kind, new(null, Labels: OwnedObjects.Selector(deployment.Name)), cancellation);
            }
            catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Forbidden)
            {
                events.Emit(new Warning($"This user may not list {kind.Kind}s in all namespaces, so only {deployment.Namespace} is looked at. What '{deployment.Name}' has in another namespace is found with --namespace."));
                return deployment.Namespace;
            }
        }
        return null;
    }
}
