using System.Text.Json.Nodes;

namespace Preheat.Kubernetes;

/// <summary>Group, version and kind: <c>apps/v1</c>, <c>Deployment</c>.</summary>
public readonly record struct KubernetesKind(string ApiVersion, string Kind)
{
    public static readonly KubernetesKind Namespace = new("v1", "Namespace");
    public static readonly KubernetesKind Pod = new("v1", "Pod");
    public static readonly KubernetesKind Event = new("v1", "Event");
    public static readonly KubernetesKind Service = new("v1", "Service");
    public static readonly KubernetesKind Secret = new("v1", "Secret");
    public static readonly KubernetesKind ConfigMap = new("v1", "ConfigMap");
    public static readonly KubernetesKind Claim = new("v1", "PersistentVolumeClaim");
    public static readonly KubernetesKind ServiceAccount = new("v1", "ServiceAccount");
    public static readonly KubernetesKind Deployment = new("apps/v1", "Deployment");
    public static readonly KubernetesKind StatefulSet = new("apps/v1", "StatefulSet");
    public static readonly KubernetesKind DaemonSet = new("apps/v1", "DaemonSet");
    public static readonly KubernetesKind Job = new("batch/v1", "Job");
    public static readonly KubernetesKind Autoscaler = new("autoscaling/v2", "HorizontalPodAutoscaler");
    public static readonly KubernetesKind ScaledObject = new("keda.sh/v1alpha1", "ScaledObject");
    public static readonly KubernetesKind DisruptionBudget = new("policy/v1", "PodDisruptionBudget");
    public static readonly KubernetesKind Lease = new("coordination.k8s.io/v1", "Lease");
    public static readonly KubernetesKind ReplicaSet = new("apps/v1", "ReplicaSet");

    /// <summary><c>apps</c>; empty for the core group.</summary>
    public string Group => ApiVersion.Split('/') is [var group, _] ? group : "";

    public override string ToString() => Kind;
}

/// <summary>An object as the API server gave it, with its common fields at hand.</summary>
public sealed class KubernetesObject(JsonObject json)
{
    public JsonObject Json { get; } = json;

    public KubernetesKind Kind => new(Json.Text("apiVersion") ?? "", Json.Text("kind") ?? "");

    public string Name => Json.Text("metadata", "name") ?? "";

    public string? Namespace => Json.Text("metadata", "namespace");

    public string Uid => Json.Text("metadata", "uid") ?? "";

    public string? ResourceVersion => Json.Text("metadata", "resourceVersion");

    public DateTimeOffset? CreatedAt => Json.Time("metadata", "creationTimestamp");

    /// <summary>True once removal was asked for.</summary>
    public bool IsDeleting => Json.Text("metadata", "deletionTimestamp") is not null;

    /// <summary>Kind and name as people write them: <c>Deployment/gemma</c>.</summary>
    public string Title => $"{Kind.Kind}/{Name}";

    public string? Label(string key) => Json.Text("metadata", "labels", key);

    public string? Annotation(string key) => Json.Text("metadata", "annotations", key);

    /// <summary>True when the owner of this object is the one given.</summary>
    public bool IsOwnedBy(KubernetesObject owner) => Json.Items("metadata", "ownerReferences").Any(reference => reference.Text("uid") == owner.Uid);

    /// <summary>The condition of a type in <c>status.conditions</c>; null when it is not there.</summary>
    internal JsonObject? Condition(string type) => Json.Items("status", "conditions").FirstOrDefault(condition => condition.Text("type") == type);
}
