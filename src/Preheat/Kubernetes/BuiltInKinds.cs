namespace Preheat.Kubernetes;

/// <summary>Kinds that every cluster of the supported versions has, and their names in paths: for users who may not read the discovery paths.</summary>
internal static class BuiltInKinds
{
    public static IReadOnlyList<ApiResource> All { get; } = [.. Known.Select(resource => resource with { IsRemovable = true })];

    private static IEnumerable<ApiResource> Known =>
    [
        new(KubernetesKind.Namespace, "namespaces", Namespaced: false),
        new(KubernetesKind.Pod, "pods", Namespaced: true),
        new(KubernetesKind.Event, "events", Namespaced: true),
        new(KubernetesKind.Service, "services", Namespaced: true),
        new(KubernetesKind.Secret, "secrets", Namespaced: true),
        new(KubernetesKind.ConfigMap, "configmaps", Namespaced: true),
        new(KubernetesKind.Claim, "persistentvolumeclaims", Namespaced: true),
        new(KubernetesKind.ServiceAccount, "serviceaccounts", Namespaced: true),
        new(KubernetesKind.Deployment, "deployments", Namespaced: true),
        new(KubernetesKind.ReplicaSet, "replicasets", Namespaced: true),
        new(KubernetesKind.StatefulSet, "statefulsets", Namespaced: true),
        new(KubernetesKind.DaemonSet, "daemonsets", Namespaced: true),
        new(KubernetesKind.Job, "jobs", Namespaced: true),
        new(KubernetesKind.Autoscaler, "horizontalpodautoscalers", Namespaced: true),
        new(KubernetesKind.DisruptionBudget, "poddisruptionbudgets", Namespaced: true),
        new(KubernetesKind.Lease, "leases", Namespaced: true),
    ];
}
