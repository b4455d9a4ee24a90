using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>What a resource serves below an object's name. Group and version are those of <paramref name="Kind"/>; null for the resource's own.</summary>
internal sealed record Subresource(string Name, string Kind, string[] Verbs, string? Group = null, string? Version = null)
{
    private static readonly string[] Change = ["get", "patch", "update"];

    public static IEnumerable<Subresource> Of(ResourceKind kind)
    {
        if (kind.HasStatus)
        {
            yield return new Subresource("status", kind.Kind, Change);
        }

        if (kind.HasScale)
        {
            yield return new Subresource("scale", "Scale", Change, "autoscaling", "v1");
        }

        if (kind == ResourceKinds.Pod)
        {
            yield return new Subresource("eviction", "Eviction", ["create"], "policy", "v1");
            yield return new Subresource("log", "Pod", ["get"]);
            yield return new Subresource("portforward", "PodPortForwardOptions", ["create", "get"]);
        }

        if (kind == ResourceKinds.Pod || kind == ResourceKinds.Service)
        {
            yield return new Subresource("proxy", $"{kind.Kind}ProxyOptions", ["create", "delete", "get", "patch", "update"]);
        }
    }
}
