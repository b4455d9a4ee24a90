using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Access;

/// <summary>Who asks, as the API server sees them.</summary>
internal sealed record Subject(string User, IReadOnlyList<string> Groups)
{
    /// <summary>Members may do everything, whatever the roles say (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles).</summary>
    public const string Masters = "system:masters";

    /// <summary>The one user of the embedded cluster, who holds its token.</summary>
    public static readonly Subject Owner = new("preheat-local", [Masters, "system:authenticated"]);

    public bool MayAll => Groups.Contains(Masters);

    /// <summary>The form of <c>UserInfo</c> (authentication.k8s.io/v1).</summary>
    public JsonObject ToJson() => new() { ["username"] = User, ["groups"] = KubeJson.ToArray(Groups) };
}

/// <summary>What somebody wants to do: to a resource, or to a path that is none.</summary>
internal sealed record AccessRequest(string Verb, string Group, string Resource, string Subresource, string Name, string Namespace, string Path)
{
    public static AccessRequest Of(JsonObject spec) => spec.Map("resourceAttributes") is { } resource
        ? new AccessRequest(resource.Text("verb") ?? "", resource.Text("group") ?? "", resource.Text("resource") ?? "", resource.Text("subresource") ?? "", resource.Text("name") ?? "", resource.Text("namespace") ?? "", "")
        : new AccessRequest(spec.Text("nonResourceAttributes", "verb") ?? "", "", "", "", "", "", spec.Text("nonResourceAttributes", "path") ?? "");
}
