using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Autoscaling;
using Preheat.LocalCloud.Kubernetes.Definitions;

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

    /// <summary>Verbs on the objects themselves.</summary>
    public string[] Verbs { get; init; } = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    /// <summary>How this version differs from the one that objects are stored in; null for that one itself, and for versions that differ in name alone.</summary>
    public KindConversion? Conversion { get; init; }

    /// <summary><c>v1</c> or <c>apps/v1</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>How error messages call the resource: <c>pods</c>, <c>deployments.apps</c>.</summary>
    public string QualifiedPlural => Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    /// <summary>How validation errors call the kind: <c>Pod</c>, <c>Deployment.apps</c>.</summary>
    public string QualifiedKind => Group.Length == 0 ? Kind : $"{Kind}.{Group}";

    public string Singular => Defined?.Singular ?? Kind.ToLowerInvariant();

    public string ListKind => Defined?.ListKind ?? $"{Kind}List";

    /// <summary>What a CustomResourceDefinition says about this version; null for a kind of the server's own.</summary>
    public DefinedVersion? Defined { get; init; }

    /// <summary>Versions of one resource are the same kind: an object is stored once, whichever version reads it.</summary>
    public bool Equals(ResourceKind? other) => other is not null && Group == other.Group && Plural == other.Plural;

    public override int GetHashCode() => HashCode.Combine(Group, Plural);

    public override string ToString() => QualifiedPlural;
}

/// <summary>Reads and writes objects of one version as those of the version that is stored.</summary>
/// <param name="Stored">The kind in the version that is stored.</param>
/// <param name="FromStored">Makes a copy in this version.</param>
/// <param name="ToStored">Changes an object of this version into the stored one; its second argument is the present object, null for a new one.</param>
internal sealed record KindConversion(ResourceKind Stored, Func<JsonObject, JsonObject> FromStored, Action<JsonObject, JsonObject?> ToStored);

/// <summary>Every kind that the server has by itself.</summary>
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

    /// <summary>The version of old clients, and of <c>kubectl autoscale</c> up to 1.32.</summary>
    public static readonly ResourceKind HorizontalPodAutoscalerV1 = HorizontalPodAutoscaler with
    {
        Version = "v1", Schema = "HorizontalPodAutoscalerV1", Conversion = new KindConversion(HorizontalPodAutoscaler, AutoscalerVersions.FromV2, AutoscalerVersions.ToV2),
    };

    public static readonly ResourceKind PodDisruptionBudget = new("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets")
    {
        HasStatus = true, HasGeneration = true, Schema = "PodDisruptionBudget", ShortNames = ["pdb"],
    };

    public static readonly ResourceKind Job = new("batch", "v1", "Job", "jobs") { HasStatus = true, HasGeneration = true, Schema = "Job", InAll = true };

    public static readonly ResourceKind PersistentVolume =
        new("", "v1", "PersistentVolume", "persistentvolumes") { Namespaced = false, HasStatus = true, Schema = "PersistentVolume", ShortNames = ["pv"] };

    public static readonly ResourceKind ResourceQuota = new("", "v1", "ResourceQuota", "resourcequotas") { HasStatus = true, Schema = "ResourceQuota", ShortNames = ["quota"] };
    public static readonly ResourceKind LimitRange = new("", "v1", "LimitRange", "limitranges") { Schema = "LimitRange", ShortNames = ["limits"] };

    public static readonly ResourceKind StorageClass =
        new("storage.k8s.io", "v1", "StorageClass", "storageclasses") { Namespaced = false, Schema = "StorageClass", ShortNames = ["sc"] };

    public static readonly ResourceKind NetworkPolicy =
        new("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies") { HasGeneration = true, Schema = "NetworkPolicy", ShortNames = ["netpol"] };

    public static readonly ResourceKind Lease = new("coordination.k8s.io", "v1", "Lease", "leases") { Schema = "Lease" };

    public static readonly ResourceKind EndpointSlice = new("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices") { HasGeneration = true, Schema = "EndpointSlice" };

    public static readonly ResourceKind PriorityClass =
        new("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses") { Namespaced = false, HasGeneration = true, Schema = "PriorityClass", ShortNames = ["pc"] };

    public static readonly ResourceKind CustomResourceDefinition = new("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions")
    {
        Namespaced = false, HasStatus = true, HasGeneration = true, Schema = "CustomResourceDefinition", ShortNames = ["crd", "crds"],
    };

    public static readonly ResourceKind Role = new("rbac.authorization.k8s.io", "v1", "Role", "roles") { Schema = "Role" };
    public static readonly ResourceKind RoleBinding = Role with { Kind = "RoleBinding", Plural = "rolebindings", Schema = "RoleBinding" };
    public static readonly ResourceKind ClusterRole = Role with { Kind = "ClusterRole", Plural = "clusterroles", Namespaced = false, Schema = "ClusterRole" };
    public static readonly ResourceKind ClusterRoleBinding = RoleBinding with { Kind = "ClusterRoleBinding", Plural = "clusterrolebindings", Namespaced = false };

    public static readonly ResourceKind SelfSubjectAccessReview = Review("authorization.k8s.io", "SelfSubjectAccessReview");
    public static readonly ResourceKind SelfSubjectRulesReview = Review("authorization.k8s.io", "SelfSubjectRulesReview");
    public static readonly ResourceKind SubjectAccessReview = Review("authorization.k8s.io", "SubjectAccessReview");
    public static readonly ResourceKind LocalSubjectAccessReview = Review("authorization.k8s.io", "LocalSubjectAccessReview") with { Namespaced = true };
    public static readonly ResourceKind SelfSubjectReview = Review("authentication.k8s.io", "SelfSubjectReview");
    public static readonly ResourceKind TokenReview = Review("authentication.k8s.io", "TokenReview");

    public static readonly ResourceKind ApiService = new("apiregistration.k8s.io", "v1", "APIService", "apiservices") { Namespaced = false, HasStatus = true };

    /// <summary>The server's own kinds, by group in the order of discovery.</summary>
    public static readonly IReadOnlyList<ResourceKind> BuiltIn =
    [
        Namespace, Node, Pod, Service, Endpoints, Secret, ConfigMap, ServiceAccount, Event, PersistentVolumeClaim, PersistentVolume, ResourceQuota, LimitRange,
        Deployment, ReplicaSet, HorizontalPodAutoscaler, HorizontalPodAutoscalerV1, Job, PodDisruptionBudget, StorageClass, NetworkPolicy, Lease, EndpointSlice,
        PriorityClass, CustomResourceDefinition, Role, RoleBinding, ClusterRole, ClusterRoleBinding, SelfSubjectAccessReview, SelfSubjectRulesReview,
        SubjectAccessReview, LocalSubjectAccessReview, SelfSubjectReview, TokenReview, ApiService,
    ];

    /// <summary>A question in the form of an object: it is answered and not kept.</summary>
    private static ResourceKind Review(string group, string kind) =>
        new(group, "v1", kind, $"{kind.ToLowerInvariant()}s") { Namespaced = false, Schema = kind, Verbs = ["create"] };
}
