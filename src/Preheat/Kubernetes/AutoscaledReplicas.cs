using System.Net;
using System.Text.Json.Nodes;
using Preheat.Manifests;

namespace Preheat.Kubernetes;

/// <summary>Counts of replicas that an autoscaler decides.</summary>
internal static class AutoscaledReplicas
{
    /// <summary>Leaves the count of replicas to the autoscaler that decides it: one of this set, or one that somebody made in the cluster.</summary>
    /// <remarks>Otherwise each deploy would put a scaled-up deployment back to where it began.</remarks>
    public static async Task<IReadOnlyList<JsonObject>> LeaveAsync(KubernetesClient client, IReadOnlyList<JsonObject> wanted, string deployment, string inNamespace, CancellationToken cancellation)
    {
        var scaled = wanted.Where(item => item.Text("kind") == KubernetesKind.Autoscaler.Kind).Select(TargetOf).ToHashSet();
        var there = await ListAsync(client, KubernetesKind.Autoscaler, inNamespace, cancellation);
        // One of ours that is not wanted any more goes; then the manifests decide again.
        scaled.UnionWith(there.Where(item => item.Label(ManifestChecks.DeploymentLabel) != deployment).Select(item => TargetOf(item.Json)));
        return [.. wanted.Select(item => scaled.Contains((item.Text("kind"), item.Text("metadata", "name"))) ? WithoutReplicas(item) : item)];
    }

    private static async Task<IReadOnlyList<KubernetesObject>> ListAsync(KubernetesClient client, KubernetesKind kind, string inNamespace, CancellationToken cancellation)
    {
        try
        {
            return await client.HasKindAsync(kind, cancellation) ? (await client.ListAsync(kind, new(inNamespace), cancellation)).Items : [];
        }
        catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Forbidden)
        {
            // What may not be seen cannot be minded; the API server still tells of a conflict over the field.
            return [];
        }
    }

    private static (string? Kind, string? Name) TargetOf(JsonObject autoscaler) =>
        (autoscaler.Text("spec", "scaleTargetRef", "kind"), autoscaler.Text("spec", "scaleTargetRef", "name"));

    private static JsonObject WithoutReplicas(JsonObject item)
    {
        var copy = (JsonObject)item.DeepClone();
        (copy["spec"] as JsonObject)?.Remove("replicas");
        return copy;
    }
}
