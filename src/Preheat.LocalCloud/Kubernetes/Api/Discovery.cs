using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>What the server tells about itself: version, groups, and resources by group (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api).</summary>
internal static class Discovery
{
    private static readonly string[] Verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    public static JsonObject Version() => new()
    {
        ["major"] = "1",
        ["minor"] = "33",
        ["gitVersion"] = "v1.33.0-preheat",
        ["gitCommit"] = "",
        ["gitTreeState"] = "clean",
        ["buildDate"] = "1970-01-01T00:00:00Z",
        ["goVersion"] = "",
        ["compiler"] = "",
        ["platform"] = "linux/amd64",
    };

    /// <summary>The document at a discovery path; null when the path is none.</summary>
    public static JsonObject? Answer(string path) => path.TrimEnd('/').Split('/') switch
    {
        ["", "api"] => new JsonObject { ["kind"] = "APIVersions", ["versions"] = KubeJson.ToArray(["v1"]), ["serverAddressByClientCIDRs"] = new JsonArray() },
        ["", "apis"] => new JsonObject { ["kind"] = "APIGroupList", ["apiVersion"] = "v1", ["groups"] = new JsonArray([.. Groups().Select(group => (JsonNode)Group(group))]) },
        ["", "apis", var group] when Groups().Contains(group) => Group(group),
        ["", "api", "v1"] => Resources("", "v1"),
        ["", "apis", var group, var version] when ResourceKinds.All.Any(kind => kind.Group == group && kind.Version == version) => Resources(group, version),
        _ => null,
    };

    private static IEnumerable<string> Groups() => ResourceKinds.All.Select(kind => kind.Group).Where(group => group.Length > 0).Distinct();

    private static JsonObject Group(string name)
    {
        var versions = ResourceKinds.All.Where(kind => kind.Group == name).Select(kind => kind.Version).Distinct()
            .Select(version => new JsonObject { ["groupVersion"] = $"{name}/{version}", ["version"] = version }).ToList();
        return new JsonObject
        {
            ["kind"] = "APIGroup",
            ["apiVersion"] = "v1",
            ["name"] = name,
            ["preferredVersion"] = versions[0].Copy(),
            ["versions"] = new JsonArray([.. versions]),
        };
    }

    private static JsonObject Resources(string group, string version)
    {
        var list = new JsonArray();
        foreach (var kind in ResourceKinds.All.Where(kind => kind.Group == group && kind.Version == version))
        {
            list.Add(Resource(kind, kind.Plural, kind.Kind, Verbs, kind.ShortNames));
            if (kind.HasStatus)
            {
                list.Add(Resource(kind, $"{kind.Plural}/status", kind.Kind, ["get", "patch", "update"], []));
            }

            if (kind.HasScale)
            {
                var scale = Resource(kind, $"{kind.Plural}/scale", "Scale", ["get", "patch", "update"], []);
                scale["group"] = "autoscaling";
                scale["version"] = "v1";
                list.Add(scale);
            }

            if (kind == ResourceKinds.Pod)
            {
                list.Add(Resource(kind, "pods/log", "Pod", ["get"], []));
            }

            if (kind == ResourceKinds.Pod || kind == ResourceKinds.Service)
            {
                list.Add(Resource(kind, $"{kind.Plural}/proxy", $"{kind.Kind}ProxyOptions", ["create", "delete", "get", "patch", "update"], []));
            }
        }

        return new JsonObject
        {
            ["kind"] = "APIResourceList",
            ["apiVersion"] = "v1",
            ["groupVersion"] = group.Length == 0 ? version : $"{group}/{version}",
            ["resources"] = list,
        };
    }

    private static JsonObject Resource(ResourceKind kind, string name, string type, string[] verbs, string[] shortNames)
    {
        var resource = new JsonObject
        {
            ["name"] = name,
            ["singularName"] = name.Contains('/', StringComparison.Ordinal) ? "" : kind.Singular,
            ["namespaced"] = kind.Namespaced,
            ["kind"] = type,
            ["verbs"] = KubeJson.ToArray(verbs),
        };
        if (shortNames.Length > 0)
        {
            resource["shortNames"] = KubeJson.ToArray(shortNames);
        }

        if (kind.InAll && !name.Contains('/', StringComparison.Ordinal))
        {
            resource["categories"] = KubeJson.ToArray(["all"]);
        }

        return resource;
    }
}
