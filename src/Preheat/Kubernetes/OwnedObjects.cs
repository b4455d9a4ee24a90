using Preheat.Manifests;

namespace Preheat.Kubernetes;

/// <summary>Finds what this program made for a deployment: by label, in the kinds it makes. Never anything else.</summary>
internal static class OwnedObjects
{
    // In the order of removal: first what changes or sends traffic to pods, then the pods' owner, then what they read.
    private static readonly KubernetesKind[] Kinds =
    [
        new("autoscaling/v2", "HorizontalPodAutoscaler"),
        new("monitoring.googleapis.com/v1", "PodMonitoring"),
        new("policy/v1", "PodDisruptionBudget"),
        KubernetesKind.Service,
        KubernetesKind.Deployment,
        new("batch/v1", "Job"),
        KubernetesKind.Secret,
        new("v1", "ConfigMap"),
        new("v1", "PersistentVolumeClaim"),
        new("v1", "ServiceAccount"),
    ];

    /// <summary>Label selector of everything that runs for a deployment.</summary>
    public static string Selector(string deployment) => $"{ManifestChecks.DeploymentLabel}={deployment}";

    /// <summary>The objects in order of removal, by name within a kind. Kinds that the cluster lacks have none.</summary>
    /// <param name="inNamespace">Null looks in all namespaces.</param>
    public static async Task<IReadOnlyList<KubernetesObject>> ListAsync(KubernetesClient client, string deployment, string? inNamespace, CancellationToken cancellation)
    {
        var found = new List<KubernetesObject>();
        foreach (var kind in Kinds)
        {
            if (!await client.HasKindAsync(kind, cancellation))
                continue;
            var list = await client.ListAsync(kind, new(inNamespace, Labels: $"{Selector(deployment)},{ManifestChecks.ManagedByLabel}={ManifestChecks.Manager}"), cancellation);
            found.AddRange(list.Items.Where(IsOurs).OrderBy(item => item.Namespace, StringComparer.Ordinal).ThenBy(item => item.Name, StringComparer.Ordinal));
        }
        return found;
    }

    // Labels can be copied; the field manager that applied an object cannot be overlooked. What another object owns goes with its owner.
    private static bool IsOurs(KubernetesObject item)
    {
        var managers = item.Json.Items("metadata", "managedFields").Select(entry => entry.Text("manager")).ToList();
        return !item.Json.Items("metadata", "ownerReferences").Any() && (managers.Count == 0 || managers.Contains(KubernetesClient.FieldManager));
    }
}
