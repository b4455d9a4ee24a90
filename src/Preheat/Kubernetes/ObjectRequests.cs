namespace Preheat.Kubernetes;

/// <summary>Which objects of a kind are asked for; null leaves a part open.</summary>
/// <param name="Namespace">Null means all namespaces.</param>
/// <param name="Labels">Label selector: <c>app=gemma</c>.</param>
/// <param name="Fields">Field selector: <c>involvedObject.name=gemma</c>.</param>
public sealed record ObjectFilter(string? Namespace = null, string? Labels = null, string? Fields = null);

/// <summary>How an object is applied.</summary>
/// <param name="Force">Fields that belong to another manager become ours.</param>
/// <param name="OnlyCheck">The API server's own dry run: everything is checked, nothing is kept (API concepts, "Dry-run").</param>
/// <param name="Manager">Owner of the fields.</param>
public sealed record ApplyOptions(bool Force = false, bool OnlyCheck = false, string Manager = KubernetesClient.FieldManager);

/// <summary>Objects of one list, with the version to watch from.</summary>
public sealed record ObjectList(IReadOnlyList<KubernetesObject> Items, string ResourceVersion);
