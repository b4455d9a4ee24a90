using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Kubernetes.Metrics;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>
/// All groups, versions and resources in one document (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery).
/// </summary>
internal static class AggregatedDiscovery
{
    /// <summary><c>v2</c> or <c>v2beta1</c>, the first that the client names; null when it asks for the plain form.</summary>
    public static string? AskedVersion(HttpRequest request)
    {
        foreach (var type in request.Headers.Accept.ToString().Split(','))
        {
            var parts = type.Split(';', StringSplitOptions.TrimEntries);
            if (parts[0] == "application/json" && parts.Contains("as=APIGroupDiscoveryList") && parts.Contains("g=apidiscovery.k8s.io"))
            {
                if (parts.Contains("v=v2"))
                {
                    return "v2";
                }

                if (parts.Contains("v=v2beta1"))
                {
                    return "v2beta1";
                }
            }
            else if (parts is ["application/json"])
            {
                return null;
            }
        }

        return null;
    }

    /// <param name="named">The groups of <c>/apis</c>; otherwise the core group of <c>/api</c>.</param>
    public static JsonObject Of(IReadOnlyList<ResourceKind> kinds, AggregatedApis others, string version, bool named) => new()
    {
        ["kind"] = "APIGroupDiscoveryList",
        ["apiVersion"] = $"apidiscovery.k8s.io/{version}",
        ["metadata"] = new JsonObject(),
        ["items"] = new JsonArray([.. (named ? Discovery.Groups(kinds) : [""]).Select(group => (JsonNode)Group(kinds, group)), .. named ? others.Aggregated() : []]),
    };

    private static JsonObject Group(IReadOnlyList<ResourceKind> kinds, string group) => new()
    {
        ["metadata"] = group.Length == 0 ? [] : new JsonObject { ["name"] = group },
        ["versions"] = new JsonArray([.. Discovery.Versions(kinds, group).Select(version => (JsonNode)new JsonObject
        {
            ["version"] = version,
            ["freshness"] = "Current",
            ["resources"] = new JsonArray([.. kinds.Where(kind => kind.Group == group && kind.Version == version).Select(kind => (JsonNode)Resource(kind))]),
        })]),
    };

    private static JsonObject Resource(ResourceKind kind)
    {
        var resource = new JsonObject
        {
            ["resource"] = kind.Plural,
            ["responseKind"] = Type(kind.Group, kind.Version, kind.Kind),
            ["scope"] = kind.Namespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = kind.Singular,
            ["verbs"] = KubeJson.ToArray(kind.Verbs),
        };
        if (kind.ShortNames.Length > 0)
        {
            resource["shortNames"] = KubeJson.ToArray(kind.ShortNames);
        }

        if (kind.InAll)
        {
            resource["categories"] = KubeJson.ToArray(["all"]);
        }

        var parts = Subresource.Of(kind).Select(part => (JsonNode)new JsonObject
        {
            ["subresource"] = part.Name,
            ["responseKind"] = Type(part.Group ?? kind.Group, part.Version ?? kind.Version, part.Kind),
            ["verbs"] = KubeJson.ToArray(part.Verbs),
        }).ToArray();
        if (parts.Length > 0)
        {
            resource["subresources"] = new JsonArray(parts);
        }

        return resource;
    }

    private static JsonObject Type(string group, string version, string kind) => new() { ["group"] = group, ["version"] = version, ["kind"] = kind };
}
