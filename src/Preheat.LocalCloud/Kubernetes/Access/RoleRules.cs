using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Access;

/// <summary>
/// Who may do what by the stored Roles and bindings (https://kubernetes.io/docs/reference/access-authn-authz/rbac/). Only access reviews ask: the
/// cluster's one user is of <c>system:masters</c>, whom no rule limits.
/// </summary>
internal sealed class RoleRules(ObjectStore store)
{
    private const string Prefix = "system:serviceaccount:";

    /// <summary>Why a request is allowed, in the words of the API server; null when no rule allows it.</summary>
    public string? Allows(Subject subject, AccessRequest request)
    {
        if (subject.MayAll)
        {
            return "";
        }

        foreach (var (binding, role, member) in Bound(subject, request.Namespace))
        {
            if (role.Json.Objects("rules").Any(rule => Allows(rule, request)))
            {
                var kind = binding.Key.Kind.Kind;
                var place = binding.Namespace.Length == 0 ? binding.Name : $"{binding.Name}/{binding.Namespace}";
                return $"RBAC: allowed by {kind} \"{place}\" of {role.Key.Kind.Kind} \"{role.Name}\" to {member.Text("kind")} \"{Show(member)}\"";
            }
        }

        return null;
    }

    /// <summary>Every rule that holds for a subject in a namespace.</summary>
    public IEnumerable<JsonObject> Of(Subject subject, string ns) => subject.MayAll
        ?
        [
            new JsonObject { ["verbs"] = KubeJson.ToArray(["*"]), ["apiGroups"] = KubeJson.ToArray(["*"]), ["resources"] = KubeJson.ToArray(["*"]) },
            new JsonObject { ["verbs"] = KubeJson.ToArray(["*"]), ["nonResourceURLs"] = KubeJson.ToArray(["*"]) },
        ]
        : Bound(subject, ns).SelectMany(bound => bound.Role.Json.Objects("rules"));

    private IEnumerable<(StoredObject Binding, StoredObject Role, JsonObject Member)> Bound(Subject subject, string ns)
    {
        var bindings = store.List(ResourceKinds.ClusterRoleBinding).Concat(ns.Length == 0 ? [] : store.List(ResourceKinds.RoleBinding, ns));
        foreach (var binding in bindings)
        {
            var kind = binding.Json.Text("roleRef", "kind") == "ClusterRole" ? ResourceKinds.ClusterRole : ResourceKinds.Role;
            var key = new ObjectKey(kind, kind.Namespaced ? binding.Namespace : "", binding.Json.Text("roleRef", "name") ?? "");
            if (binding.Json.Objects("subjects").FirstOrDefault(member => Is(subject, member, binding.Namespace)) is { } found && store.Get(key) is { } role)
            {
                yield return (binding, role, found);
            }
        }
    }

    private static bool Is(Subject subject, JsonObject member, string ns) => member.Text("kind") switch
    {
        "User" => member.Text("name") == subject.User,
        "Group" => subject.Groups.Contains(member.Text("name")),
        "ServiceAccount" => subject.User == $"{Prefix}{member.Text("namespace") ?? ns}:{member.Text("name")}",
        _ => false,
    };

    private static string Show(JsonObject member) => member.Text("kind") == "ServiceAccount" ? $"{member.Text("name")}/{member.Text("namespace")}" : member.Text("name") ?? "";

    private static bool Allows(JsonObject rule, AccessRequest request)
    {
        if (!Has(rule, "verbs", request.Verb))
        {
            return false;
        }

        if (request.Path.Length > 0)
        {
            return rule.Texts("nonResourceURLs").Any(url => url == request.Path || (url.EndsWith('*') && request.Path.StartsWith(url[..^1], StringComparison.Ordinal)));
        }

        var resource = request.Subresource.Length == 0 ? request.Resource : $"{request.Resource}/{request.Subresource}";
        return Has(rule, "apiGroups", request.Group)
            && (Has(rule, "resources", resource) || (request.Subresource.Length > 0 && rule.Texts("resources").Contains($"*/{request.Subresource}")))
            && (!rule.Texts("resourceNames").Any() || rule.Texts("resourceNames").Contains(request.Name));
    }

    private static bool Has(JsonObject rule, string list, string wanted) => rule.Texts(list).Any(item => item == "*" || item == wanted);
}
