namespace Preheat.LocalCloud.Kubernetes.Store;

/// <summary>One kind of object, as data: its names, its place in the URL space and what the server does for it.</summary>
internal sealed record ResourceKind(string Group, string Version, string Kind, string Plural)
{
    /// <summary>Objects live in a namespace. The default value is true.</summary>
    public bool Namespaced { get; init; } = true;

    /// <summary>Has <c>/status</c>: spec writes leave the status alone and the other way round.</summary>
    public bool HasStatus { get; init; }

    /// <summary>Has <c>/scale</c> over <c>spec.replicas</c>.</summary>
    public bool HasScale { get; init; }

    /// <summary><c>metadata.generation</c> counts the changes of everything but metadata and status.</summary>
    public bool HasGeneration { get; init; }

    /// <summary>Type of the schema table; null stores the body as it is.</summary>
    public string? Schema { get; init; }

    public string[] ShortNames { get; init; } = [];

    /// <summary>Is shown by <c>kubectl get all</c>.</summary>
    public bool InAll { get; init; }

    /// <summary><c>v1</c> or <c>apps/v1</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>How error messages call the resource: <c>pods</c>, <c>deployments.apps</c>.</summary>
    public string QualifiedPlural => Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    /// <summary>How validation errors call the kind: <c>Pod</c>, <c>Deployment.apps</c>.</summary>
    public string QualifiedKind => Group.Length == 0 ? Kind : $"{Kind}.{Group}";

    public string Singular => Kind.ToLowerInvariant();

    public override string ToString() => QualifiedPlural;
}

/// <summary>Every kind that this cluster serves.</summary>
internal static class ResourceKinds
{
    public static readonly ResourceKind Namespace = new("", "v1", "Namespace", "namespaces") { Namespaced = false, HasStatus = true, Schema = "Namespace", ShortNames = ["ns"] };
    public static readonly ResourceKind Node = new("", "v1", "Node", "nodes") { Namespaced = false, HasStatus = true, ShortNames = ["no"] };
    public static readonly ResourceKind Pod = new("", "v1", "Pod", "pods") { HasStatus = true, Schema = "Pod", ShortNames = ["po"], InAll = true };
    public static readonly ResourceKind Service = new("", "v1", "Service", "services") { HasStatus = true, Schema = "Service", ShortNames = ["svc"], InAll = true };
    public static readonly ResourceKind Endpoints = new("", "v1", "Endpoints", "endpoints") { ShortNames = ["ep"] };
    public static readonly ResourceKind Secret = new("", "v1", "Secret", "secrets") { Schema = "Secret" };
    public static readonly ResourceKind ConfigMap = new("", "v1", "ConfigMap", "configmaps") { Schema = "ConfigMap", ShortNames = ["cm"] };
    public static readonly ResourceKind ServiceAccount = new("", "v1", "ServiceAccount", "serviceaccounts") { Schema = "ServiceAccount", ShortNames = ["sa"] };
    public static readonly ResourceKind Event = new("", "v1", "Event", "events") { ShortNames = ["ev"] };

    public static readonly ResourceKind PersistentVolumeClaim =
        new("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims") { HasStatus = true, Schema = "PersistentVolumeClaim", ShortNames = ["pvc"] };

    public static readonly ResourceKind Deployment = new("apps", "v1", "Deployment", "deployments")
    {
        HasStatus = true, HasScale = true, HasGeneration = true, Schema = "Deployment", ShortNames = ["deploy"], InAll = true,
    };

    public static readonly ResourceKind ReplicaSet = new("apps", "v1", "ReplicaSet", "replicasets")
    {
        HasStatus = true, HasScale = true, HasGeneration = true, Schema = "ReplicaSet", ShortNames = ["rs"], InAll = true,
    };

    public static readonly ResourceKind HorizontalPodAutoscaler = new("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
    {
        HasStatus = true, Schema = "HorizontalPodAutoscaler", ShortNames = ["hpa"], InAll = true,
    };

    public static readonly ResourceKind PodDisruptionBudget = new("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets")
    {
        HasStatus = true, HasGeneration = true, Schema = "PodDisruptionBudget", ShortNames = ["pdb"],
    };

    public static readonly ResourceKind PodMonitoring = new("monitoring.googleapis.com", "v1", "PodMonitoring", "podmonitorings")
    {
        HasStatus = true, HasGeneration = true, Schema = "PodMonitoring",
    };

    public static readonly IReadOnlyList<ResourceKind> All =
    [
        Namespace, Node, Pod, Service, Endpoints, Secret, ConfigMap, ServiceAccount, Event, PersistentVolumeClaim,
        Deployment, ReplicaSet, HorizontalPodAutoscaler, PodDisruptionBudget, PodMonitoring,
    ];

    private static readonly Dictionary<(string Group, string Version, string Plural), ResourceKind> ByPath =
        All.ToDictionary(kind => (kind.Group, kind.Version, kind.Plural));

    private static readonly Dictionary<(string ApiVersion, string Kind), ResourceKind> ByType =
        All.ToDictionary(kind => (kind.ApiVersion, kind.Kind));

    /// <summary>The kind at a URL; null when none is served there.</summary>
    public static ResourceKind? AtPath(string group, string version, string plural) => ByPath.GetValueOrDefault((group, version, plural));

    /// <summary>The kind that an object names; null when it is not served.</summary>
    public static ResourceKind? OfType(string? apiVersion, string? kind) => ByType.GetValueOrDefault((apiVersion ?? "", kind ?? ""));
}
