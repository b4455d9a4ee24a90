using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Preheat.Kubernetes;

/// <summary>A kind as the API server serves it.</summary>
internal sealed record ApiResource(KubernetesKind Kind, string Plural, bool Namespaced)
{
    /// <summary>Path relative to the server's address: <c>apis/apps/v1/namespaces/NS/deployments/NAME</c>.</summary>
    public string Path(string? inNamespace, string? name = null)
    {
        var root = Kind.ApiVersion.Contains('/', StringComparison.Ordinal) ? $"apis/{Kind.ApiVersion}" : $"api/{Kind.ApiVersion}";
        var place = Namespaced && inNamespace is not null ? $"/namespaces/{Uri.EscapeDataString(inNamespace)}" : "";
        return $"{root}{place}/{Plural}{(name is null ? "" : "/" + Uri.EscapeDataString(name))}";
    }
}

/// <summary>Learns from the API server how its kinds are called in paths (Kubernetes API, "API discovery": <c>APIResourceList</c>).</summary>
internal sealed class ApiDiscovery(Func<string, CancellationToken, Task<JsonObject>> get)
{
    // What every cluster has, for users who may not read the discovery paths.
    private static readonly ApiResource[] Core =
    [
        new(KubernetesKind.Namespace, "namespaces", Namespaced: false),
        new(KubernetesKind.Pod, "pods", Namespaced: true),
        new(KubernetesKind.Event, "events", Namespaced: true),
        new(KubernetesKind.Service, "services", Namespaced: true),
        new(KubernetesKind.Secret, "secrets", Namespaced: true),
        new(KubernetesKind.Deployment, "deployments", Namespaced: true),
        new(KubernetesKind.ReplicaSet, "replicasets", Namespaced: true),
    ];

    private readonly ConcurrentDictionary<string, IReadOnlyList<ApiResource>> _known = new(StringComparer.Ordinal);

    /// <summary>The resource of a kind; null when the cluster does not have it.</summary>
    public async Task<ApiResource?> FindAsync(KubernetesKind kind, CancellationToken cancellation)
    {
        if (!_known.TryGetValue(kind.ApiVersion, out var resources))
            _known[kind.ApiVersion] = resources = await ListAsync(kind.ApiVersion, cancellation);
        return resources.FirstOrDefault(resource => resource.Kind == kind);
    }

    /// <exception cref="UserException">The cluster does not have this kind.</exception>
    public async Task<ApiResource> GetAsync(KubernetesKind kind, CancellationToken cancellation) =>
        await FindAsync(kind, cancellation)
        ?? throw new UserException($"The cluster has no kind {kind.Kind} in {kind.ApiVersion}. Install what brings it (a custom resource definition), or leave the feature out; --platform kubernetes uses no kinds of GKE.");

    private async Task<IReadOnlyList<ApiResource>> ListAsync(string version, CancellationToken cancellation)
    {
        try
        {
            var list = await get(version.Contains('/', StringComparison.Ordinal) ? $"apis/{version}" : $"api/{version}", cancellation);
            // Names with a slash are subresources: pods/log.
            return [.. list.Items("resources")
                .Where(resource => resource.Text("name")?.Contains('/', StringComparison.Ordinal) == false && resource.Text("kind") is not null)
                .Select(resource => new ApiResource(new(version, resource.Text("kind")!), resource.Text("name")!, resource.Flag("namespaced")))];
        }
        catch (KubernetesApiException exception) when (exception.Status is System.Net.HttpStatusCode.NotFound)
        {
            return [];
        }
        catch (KubernetesApiException exception) when (exception.Status is System.Net.HttpStatusCode.Forbidden && Array.Exists(Core, resource => resource.Kind.ApiVersion == version))
        {
            return [.. Core.Where(resource => resource.Kind.ApiVersion == version)];
        }
    }
}
