using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;

namespace Preheat.Kubernetes;

/// <summary>A kind as the API server serves it.</summary>
internal sealed record ApiResource(KubernetesKind Kind, string Plural, bool Namespaced)
{
    /// <summary>Objects of the kind can be listed and deleted: not so for reviews, statuses and metrics.</summary>
    public bool IsRemovable { get; init; }

    /// <summary>Path relative to the server's address: <c>apis/apps/v1/namespaces/NS/deployments/NAME</c>.</summary>
    public string Path(string? inNamespace, string? name = null)
    {
        var place = Namespaced && inNamespace is not null ? $"/namespaces/{Uri.EscapeDataString(inNamespace)}" : "";
        return $"{ApiDiscovery.RootOf(Kind.ApiVersion)}{place}/{Plural}{(name is null ? "" : "/" + Uri.EscapeDataString(name))}";
    }
}

/// <summary>Learns from the API server how its kinds are called in paths (Kubernetes API, "API discovery").</summary>
/// <remarks>
/// Two requests give everything where the server has aggregated discovery (1.30 has it, and may have it turned off); else each group and version is
/// asked for when it is needed. What the aggregated answer lacks, or calls stale, is asked for in the old way too: a custom kind may be newer than the answer.
/// </remarks>
internal sealed class ApiDiscovery(Func<string, string?, CancellationToken, Task<JsonObject>> get) : IDisposable
{
    private const string Aggregated =
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

    private readonly ConcurrentDictionary<string, IReadOnlyList<ApiResource>> _known = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _roots = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _gate = new(1, 1);

    /// <summary><c>api/v1</c> or <c>apis/apps/v1</c>.</summary>
    public static string RootOf(string apiVersion) => apiVersion.Contains('/', StringComparison.Ordinal) ? $"apis/{apiVersion}" : $"api/{apiVersion}";

    /// <summary>The resource of a kind; null when the cluster does not have it.</summary>
    public async Task<ApiResource?> FindAsync(KubernetesKind kind, CancellationToken cancellation)
    {
        if (Known(kind) is { } known)
            return known;
        await _gate.WaitAsync(cancellation);
        try
        {
            if (Known(kind) is { } meanwhile)
                return meanwhile;
            await AggregatedAsync(kind.ApiVersion, cancellation);
            if (Known(kind) is { } found)
                return found;
            _known[kind.ApiVersion] = await ListAsync(kind.ApiVersion, cancellation);
            return Known(kind);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <exception cref="UserException">The cluster does not have this kind; the message says in which versions it has it, if in any.</exception>
    public async Task<ApiResource> GetAsync(KubernetesKind kind, CancellationToken cancellation) =>
        await FindAsync(kind, cancellation) ?? throw new UserException(await MissingAsync(kind, cancellation));

    /// <summary>Every kind whose objects can be listed and deleted, in the version that its group prefers. Groups that cannot be read are left out.</summary>
    public async Task<IReadOnlyList<KubernetesKind>> RemovableAsync(CancellationToken cancellation)
    {
        List<string> versions = ["v1"];
        try
        {
            var groups = await get("apis", null, cancellation);
            versions.AddRange(groups.Items("groups").Select(group => group.Text("preferredVersion", "groupVersion")).OfType<string>());
        }
        catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Forbidden)
        {
            // Whoever may not read the list of groups is left with what everybody knows.
            return [.. BuiltInKinds.All.Where(resource => resource.IsRemovable).Select(resource => resource.Kind)];
        }
        var kinds = new List<KubernetesKind>();
        foreach (var version in versions)
        {
            try
            {
                kinds.AddRange((await LoadAsync(version, cancellation)).Where(resource => resource.IsRemovable).Select(resource => resource.Kind));
            }
            catch (KubernetesApiException)
            {
                // A group whose own server is down, or that is not for this user. What is ours there stays for the next time.
            }
        }
        return kinds;
    }

    public void Dispose() => _gate.Dispose();

    private async Task<IReadOnlyList<ApiResource>> LoadAsync(string version, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            await AggregatedAsync(version, cancellation);
            return _known.TryGetValue(version, out var known) ? known : _known[version] = await ListAsync(version, cancellation);
        }
        finally
        {
            _gate.Release();
        }
    }

    private static bool IsRemovable(JsonObject resource) =>
        resource["verbs"] is JsonArray verbs && new[] { "list", "delete" }.All(verb => verbs.Any(item => item?.ToString() == verb));

    private ApiResource? Known(KubernetesKind kind) =>
        _known.TryGetValue(kind.ApiVersion, out var resources) ? resources.FirstOrDefault(resource => resource.Kind == kind) : null;

    // An older server has the kind in an older version of its group (1.20 knows autoscaling/v2beta2 and policy/v1beta1); a newer one may have dropped it.
    private async Task<string> MissingAsync(KubernetesKind kind, CancellationToken cancellation)
    {
        var missing = $"The cluster has no kind {kind.Kind} in {kind.ApiVersion}";
        var served = new List<string>();
        var version = "";
        try
        {
            var group = kind.ApiVersion.Contains('/', StringComparison.Ordinal) ? await get("apis/" + kind.ApiVersion.Split('/')[0], null, cancellation) : [];
            foreach (var other in group.Items("versions").Select(item => item.Text("groupVersion")).OfType<string>().Where(other => other != kind.ApiVersion))
            {
                if ((await ListAsync(other, cancellation)).Any(resource => resource.Kind.Kind == kind.Kind))
                    served.Add(other);
            }
            version = (await get("version", null, cancellation)).Text("gitVersion") is { } text ? $" (its API server is {text})" : "";
        }
        catch (KubernetesApiException)
        {
            // The group is not there, or this user may not ask: then there is no more to say.
        }
        if (served.Count > 0)
            return $"{missing}, but in {string.Join(" and ", served)}{version}. Use a cluster that serves {kind.ApiVersion}, or leave the object out: "
                + (kind == KubernetesKind.Autoscaler ? "--autoscale-on none." : "a component of your own that deletes it, with --manifests.");
        return $"{missing}{version}. Install what brings it (a custom resource definition), or leave the feature out; --platform kubernetes uses no kinds of GKE.";
    }

    // A server without it answers with the names of its groups, and a user without the right with 403: both are asked group by group then.
    private async Task AggregatedAsync(string apiVersion, CancellationToken cancellation)
    {
        var root = apiVersion.Contains('/', StringComparison.Ordinal) ? "apis" : "api";
        if (!_roots.TryAdd(root, true))
            return;
        JsonObject answer;
        try
        {
            answer = await get(root, Aggregated, cancellation);
        }
        catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.NotAcceptable)
        {
            return;
        }
        if (answer.Text("kind") is not "APIGroupDiscoveryList")
            return;
        foreach (var group in answer.Items("items"))
        {
            foreach (var version in group.Items("versions").Where(version => version.Text("freshness") is not "Stale" && version.Text("version") is not null))
            {
                var groupVersion = group.Text("metadata", "name") is { Length: > 0 } name ? $"{name}/{version.Text("version")}" : version.Text("version")!;
                _known[groupVersion] = [.. version.Items("resources")
                    .Where(resource => resource.Text("resource") is not null && resource.Text("responseKind", "kind") is not null)
                    .Select(resource => new ApiResource(new(groupVersion, resource.Text("responseKind", "kind")!), resource.Text("resource")!, resource.Text("scope") is "Namespaced") { IsRemovable = IsRemovable(resource) })];
            }
        }
    }

    private async Task<IReadOnlyList<ApiResource>> ListAsync(string version, CancellationToken cancellation)
    {
        try
        {
            var list = await get(RootOf(version), null, cancellation);
            // Names with a slash are subresources: pods/log.
            return [.. list.Items("resources")
                .Where(resource => resource.Text("name")?.Contains('/', StringComparison.Ordinal) == false && resource.Text("kind") is not null)
                .Select(resource => new ApiResource(new(version, resource.Text("kind")!), resource.Text("name")!, resource.Flag("namespaced")) { IsRemovable = IsRemovable(resource) })];
        }
        catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.NotFound)
        {
            return [];
        }
        catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Forbidden && BuiltInKinds.All.Any(resource => resource.Kind.ApiVersion == version))
        {
            return [.. BuiltInKinds.All.Where(resource => resource.Kind.ApiVersion == version)];
        }
    }
}
