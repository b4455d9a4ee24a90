using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Autoscaling;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Metrics;

/// <summary>
/// The groups that other servers answer for behind the API server (https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/):
/// the metrics server and the adapter for Cloud Monitoring. They are part of discovery, and each version has its APIService.
/// </summary>
internal sealed class AggregatedApis(MetricReader metrics)
{
    private const string Custom = "custom.metrics.k8s.io";
    private const string External = "external.metrics.k8s.io";

    /// <summary>Group, version and the Service that answers, the preferred version of a group first.</summary>
    public static readonly IReadOnlyList<(string Group, string Version, string Service)> Served =
    [
        (Custom, "v1beta1", "custom-metrics/custom-metrics-stackdriver-adapter"),
        (Custom, "v1beta2", "custom-metrics/custom-metrics-stackdriver-adapter"),
        (External, "v1beta1", "custom-metrics/custom-metrics-stackdriver-adapter"),
        (MetricsServer.Group, MetricsServer.Version, "kube-system/metrics-server"),
    ];

    public static IEnumerable<string> Groups => Served.Select(item => item.Group).Distinct();

    /// <summary>A group as <c>/apis</c> lists it.</summary>
    public static JsonObject Group(string name)
    {
        var versions = Served.Where(item => item.Group == name).Select(item => new JsonObject { ["groupVersion"] = $"{name}/{item.Version}", ["version"] = item.Version }).ToList();
        return new JsonObject { ["name"] = name, ["preferredVersion"] = versions[0].Copy(), ["versions"] = new JsonArray([.. versions]) };
    }

    /// <summary>The resources of a group's version: those of the adapter are its metrics.</summary>
    public JsonObject Resources(string group, string version) =>
        group == MetricsServer.Group ? MetricsServer.Resources() : MetricsAdapter.Resources(group, version, metrics.Names());

    /// <summary>The groups as aggregated discovery shows them. A metric of pods is a subresource, whose resource then has no kind and no verbs.</summary>
    public IEnumerable<JsonObject> Aggregated() => Groups.Select(group => new JsonObject
    {
        ["metadata"] = new JsonObject { ["name"] = group },
        ["versions"] = new JsonArray([.. Served.Where(item => item.Group == group).Select(item => (JsonNode)new JsonObject
        {
            ["version"] = item.Version,
            ["freshness"] = "Current",
            ["resources"] = new JsonArray([.. Resources(group, item.Version).Objects("resources").GroupBy(resource => resource.Text("name")!.Split('/')[0], StringComparer.Ordinal)
                .Select(resources => (JsonNode)Aggregate(resources.Key, [.. resources], item.Version, group))]),
        })]),
    });

    private static JsonObject Aggregate(string name, List<JsonObject> parts, string version, string group)
    {
        var own = parts.Find(part => part.Text("name") == name);
        var json = new JsonObject
        {
            ["resource"] = name,
            ["responseKind"] = new JsonObject { ["group"] = own is null ? "" : group, ["version"] = own is null ? "" : version, ["kind"] = own.Text("kind") ?? "" },
            ["scope"] = parts[0].Flag("namespaced") ? "Namespaced" : "Cluster",
            ["singularResource"] = "",
            ["verbs"] = own?["verbs"]?.DeepClone() ?? new JsonArray(),
        };
        var below = parts.Where(part => part != own).Select(part => (JsonNode)new JsonObject
        {
            ["subresource"] = part.Text("name")![(name.Length + 1)..],
            ["responseKind"] = new JsonObject { ["group"] = group, ["version"] = version, ["kind"] = part.Text("kind") },
            ["verbs"] = part["verbs"]?.DeepClone(),
        }).ToArray();
        if (below.Length > 0)
        {
            json["subresources"] = new JsonArray(below);
        }

        return json;
    }
}
