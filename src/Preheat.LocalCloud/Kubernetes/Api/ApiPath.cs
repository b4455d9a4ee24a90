using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>
/// What a resource URL names (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris):
/// <c>/api/v1/…</c> or <c>/apis/GROUP/VERSION/…</c>, then <c>[namespaces/NS/]PLURAL[/NAME[/SUBRESOURCE[/rest]]]</c>.
/// </summary>
/// <param name="Namespace">Empty for a cluster-scoped kind and for a list over all namespaces.</param>
/// <param name="Name">Empty for a collection.</param>
/// <param name="Rest">What follows the subresource.</param>
internal sealed record ApiPath(ResourceKind Kind, string Namespace, string Name, string Subresource, string Rest)
{
    public ObjectKey Key => new(Kind, Namespace, Name);

    /// <summary>Null when the path names no resource that is served.</summary>
    public static ApiPath? Parse(string path, KindCatalog kinds)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var (group, version, rest) = parts switch
        {
            ["api", var v, .. var tail] => ("", v, tail),
            ["apis", var g, var v, .. var tail] => (g, v, tail),
            _ => ("", "", []),
        };

        // "namespaces/NS" alone is the Namespace object itself, and so are its subresources.
        var ns = "";
        if (rest is ["namespaces", var name, var next, ..] && !(next is "status" or "finalize" && rest.Length == 3))
        {
            (ns, rest) = (name, rest[2..]);
        }

        if (rest.Length == 0 || kinds.AtPath(group, version, rest[0]) is not { } kind || (ns.Length > 0 && !kind.Namespaced))
        {
            return null;
        }

        return new ApiPath(kind, ns, rest.ElementAtOrDefault(1) ?? "", rest.ElementAtOrDefault(2) ?? "", string.Join('/', rest.Skip(3)));
    }
}
