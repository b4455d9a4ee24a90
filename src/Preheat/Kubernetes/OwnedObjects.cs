using System.Net;
using Preheat.Manifests;
using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>Finds what this program made for a deployment: by label, in the kinds it makes. Never anything else.</summary>
internal static class OwnedObjects
{
    // What we make ourselves, in the order of removal: first what changes or sends traffic to pods, then the pods' owner, then what they read.
    private static readonly KubernetesKind[] Kinds =
    [
        KubernetesKind.Autoscaler,
        KubernetesKind.ScaledObject,
        new("keda.sh/v1alpha1", "TriggerAuthentication"),
        new("autoscaling.gke.io/v1beta1", "AutoscalingMetric"),
        new("gateway.networking.k8s.io/v1", "HTTPRoute"),
        new("inference.networking.k8s.io/v1", "InferencePool"),
        new("gateway.networking.k8s.io/v1", "Gateway"),
        new("monitoring.googleapis.com/v1", "PodMonitoring"),
        KubernetesKind.DisruptionBudget,
        KubernetesKind.Service,
        KubernetesKind.Deployment,
        KubernetesKind.StatefulSet,
        KubernetesKind.DaemonSet,
        KubernetesKind.Job,
        new("networking.k8s.io/v1", "NetworkPolicy"),
        KubernetesKind.Secret,
        KubernetesKind.ConfigMap,
        KubernetesKind.Claim,
        KubernetesKind.ServiceAccount,
        KubernetesKind.Lease,
    ];

    /// <summary>Field manager of what all deployments of a cluster share (<c>manifests/cluster</c>).</summary>
    public const string SharedManager = "preheat-shared";

    /// <summary>Label selector of everything that runs for a deployment.</summary>
    public static string Selector(string deployment) => $"{ManifestChecks.DeploymentLabel}={deployment}";

    /// <summary>The objects in order of removal, by name within a kind. Kinds that the cluster lacks have none; those that may not be listed are told and left out.</summary>
    /// <param name="inNamespace">Null looks in all namespaces.</param>
    /// <param name="without">Kinds that are not asked for.</param>
    public static Task<IReadOnlyList<KubernetesObject>> ListAsync(KubernetesClient client, string deployment, string? inNamespace, IEventSink? events, CancellationToken cancellation, params IReadOnlyList<string> without) =>
        ListAsync(client, [.. Kinds.Where(kind => !without.Contains(kind.Kind))], Selector(deployment), KubernetesClient.FieldManager, inNamespace, events, cancellation);

    /// <summary>The same in every kind of the cluster: a user's own manifests (<c>--manifests</c>) may bring any. Those that we do not make come last.</summary>
    public static async Task<IReadOnlyList<KubernetesObject>> ListAllAsync(KubernetesClient client, string deployment, string? inNamespace, IEventSink? events, CancellationToken cancellation) =>
        await ListAsync(client, await EveryKindAsync(client, cancellation), Selector(deployment), KubernetesClient.FieldManager, inNamespace, events, cancellation);

    /// <summary>What the deployments of a cluster share, in order of removal.</summary>
    public static async Task<IReadOnlyList<KubernetesObject>> ListSharedAsync(KubernetesClient client, IEventSink? events, CancellationToken cancellation) =>
        await ListAsync(client, await EveryKindAsync(client, cancellation), $"{ManifestChecks.SharedLabel}=true", SharedManager, inNamespace: null, events, cancellation);

    /// <summary>Names of all deployments that have a workload in the cluster, sorted.</summary>
    public static async Task<IReadOnlyList<string>> DeploymentsAsync(KubernetesClient client, CancellationToken cancellation)
    {
        var list = await client.ListAsync(KubernetesKind.Deployment, new(null, Labels: $"{ManifestChecks.DeploymentLabel},{ManifestChecks.ManagedByLabel}={ManifestChecks.Manager}"), cancellation);
        return [.. list.Items.Select(item => item.Json.At("metadata", "labels", ManifestChecks.DeploymentLabel)!.ToString()).Distinct().Order(StringComparer.Ordinal)];
    }

    private static async Task<IReadOnlyList<KubernetesKind>> EveryKindAsync(KubernetesClient client, CancellationToken cancellation) =>
        [.. Kinds.Concat((await client.RemovableKindsAsync(cancellation)).Where(kind => !Kinds.Any(own => IsSame(own, kind))))];

    // Of one group, whatever the version.
    private static bool IsSame(KubernetesKind one, KubernetesKind other) => one.Kind == other.Kind && one.Group == other.Group;

    private static async Task<IReadOnlyList<KubernetesObject>> ListAsync(KubernetesClient client, IReadOnlyList<KubernetesKind> kinds, string labels, string manager, string? inNamespace, IEventSink? events, CancellationToken cancellation)
    {
        var found = new List<KubernetesObject>();
        var hidden = new List<string>();
        foreach (var kind in kinds)
        {
            try
            {
                if (!await client.HasKindAsync(kind, cancellation))
                    continue;
                var list = await client.ListAsync(kind, new(inNamespace, Labels: $"{labels},{ManifestChecks.ManagedByLabel}={ManifestChecks.Manager}"), cancellation);
                found.AddRange(list.Items.Where(item => IsAppliedBy(item, manager)).OrderBy(item => item.Namespace, StringComparer.Ordinal).ThenBy(item => item.Name, StringComparer.Ordinal));
            }
            catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Forbidden && kind != KubernetesKind.Deployment)
            {
                if (Kinds.Contains(kind))
                    hidden.Add(kind.Kind);
            }
        }
        if (hidden.Count > 0)
            events?.Emit(new Warning($"This user may not list {string.Join(", ", hidden)}{(inNamespace is null ? " in all namespaces" : $" in the namespace {inNamespace}")}; what may be there is left alone."));
        return found;
    }

    /// <summary>True for an object that this program applied for a deployment.</summary>
    public static bool IsOurs(KubernetesObject item, string deployment) =>
        item.Label(ManifestChecks.DeploymentLabel) == deployment && item.Label(ManifestChecks.ManagedByLabel) == ManifestChecks.Manager && IsAppliedBy(item, KubernetesClient.FieldManager);

    // Labels can be copied; the field manager that applied an object cannot be overlooked. What another object owns goes with its owner.
    private static bool IsAppliedBy(KubernetesObject item, string manager) =>
        !item.Json.Items("metadata", "ownerReferences").Any()
        && item.Json.Items("metadata", "managedFields").Any(entry => entry.Text("manager") == manager);
}
