using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Metrics;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>
/// Discovery one document at a time: groups, and resources by group and version
/// (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#unaggregated-discovery).
/// </summary>
internal static class Discovery
{
    /// <summary>The document at a discovery path; null when the path is none.</summary>
    public static JsonObject? Answer(IReadOnlyList<ResourceKind> kinds, string[] path) => path switch
    {
        ["api"] => new JsonObject { ["kind"] = "APIVersions", ["versions"] = KubeJson.ToArray(["v1"]), ["serverAddressByClientCIDRs"] = new JsonArray() },
        ["apis"] => new JsonObject { ["kind"] = "APIGroupList", ["apiVersion"] = "v1", ["groups"] = new JsonArray([.. Groups(kinds).Select(group => (JsonNode)Group(kinds, group)), .. AggregatedApis.Groups.Select(AggregatedApis.Group)]) },
        ["apis", var group] when AggregatedApis.Groups.Contains(group) => WithVersion(AggregatedApis.Group(group), "APIGroup"),
        ["apis", var group] when Groups(kinds).Contains(group) => WithVersion(Group(kinds, group), "APIGroup"),
        ["api", "v1"] => Resources(kinds, "", "v1"),
        ["apis", var group, var version] when kinds.Any(kind => kind.Group == group && kind.Version == version) => Resources(kinds, group, version),
        _ => null,
    };

    /// <summary>The named groups in order of appearance.</summary>
    public static IEnumerable<string> Groups(IReadOnlyList<ResourceKind> kinds) => kinds.Select(kind => kind.Group).Where(group => group.Length > 0).Distinct();

    /// <summary>A group's versions, the preferred one first.</summary>
    public static IEnumerable<string> Versions(IReadOnlyList<ResourceKind> kinds, string group) =>
        kinds.Where(kind => kind.Group == group).Select(kind => kind.Version).Distinct().Order(Definitions.VersionOrder.PreferredFirst);

    private static JsonObject Group(IReadOnlyList<ResourceKind> kinds, string name)
    {
        var versions = Versions(kinds, name).Select(version => new JsonObject { ["groupVersion"] = $"{name}/{version}", ["version"] = version }).ToList();
        return new JsonObject { ["name"] = name, ["preferredVersion"] = versions[0].Copy(), ["versions"] = new JsonArray([.. versions]) };
    }

    private static JsonObject WithVersion(JsonObject json, string kind)
    {
        (json["kind"], json["apiVersion"]) = (kind, "v1");
        return json;
    }

    private static JsonObject Resources(IReadOnlyList<ResourceKind> kinds, string group, string version)
    {
        var list = new JsonArray();
        foreach (var kind in kinds.Where(kind => kind.Group == group && kind.Version == version))
        {
            list.Add((JsonNode)Resource(kind));
            foreach (var part in Subresource.Of(kind))
            {
                var json = new JsonObject
                {
                    ["name"] = $"{kind.Plural}/{part.Name}",
                    ["singularName"] = "",
                    ["namespaced"] = kind.Namespaced,
                    ["kind"] = part.Kind,
                    ["verbs"] = KubeJson.ToArray(part.Verbs),
                };
                if (part.Group is not null)
                {
                    (json["group"], json["version"]) = (part.Group, part.Version);
                }

                list.Add((JsonNode)json);
            }
        }

        return WithVersion(new JsonObject { ["groupVersion"] = group.Length == 0 ? version : $"{group}/{version}", ["resources"] = list }, "APIResourceList");
    }

    private static JsonObject Resource(ResourceKind kind)
    {
        var resource = new JsonObject
        {
            ["name"] = kind.Plural,
            ["singularName"] = kind.Singular,
            ["namespaced"] = kind.Namespaced,
            ["kind"] = kind.Kind,
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

        return resource;
    }
}
