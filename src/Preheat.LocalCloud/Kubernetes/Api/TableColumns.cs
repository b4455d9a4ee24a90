using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Definitions;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>One column: its title, whether it is shown only by <c>-o wide</c>, and what stands in it.</summary>
internal sealed record TableColumn(string Name, Func<JsonObject, DateTimeOffset, JsonNode?> Cell)
{
    public bool IsWide { get; init; }

    public bool IsNumber { get; init; }
}

/// <summary>The columns of each kind, named and filled as by <c>pkg/printers/internalversion/printers.go</c> of Kubernetes.</summary>
internal static class TableColumns
{
    private const string None = "<none>";

    private static readonly TableColumn Name = Text("Name", item => item.Text("metadata", "name"));

    private static readonly TableColumn Age = new("Age", (item, now) => Since(item.Text("metadata", "creationTimestamp"), now));

    private static readonly TableColumn[] Template =
    [
        Wide("Containers", item => Joined(item.Objects("spec", "template", "spec", "containers").Select(container => container.Text("name")))),
        Wide("Images", item => Joined(item.Objects("spec", "template", "spec", "containers").Select(container => container.Text("image")))),
        Wide("Selector", item => Pairs(item.StringMap("spec", "selector", "matchLabels"))),
    ];

    private static readonly Dictionary<ResourceKind, TableColumn[]> ByKind = new()
    {
        [ResourceKinds.Pod] =
        [
            Name,
            Text("Ready", item => $"{item.Objects("status", "containerStatuses").Count(status => status.Flag("ready"))}/{item.Objects("spec", "containers").Count()}"),
            Text("Status", PodSummary.Status),
            new("Restarts", PodSummary.Restarts),
            Age,
            Wide("IP", item => item.Text("status", "podIP") ?? None),
            Wide("Node", item => item.Text("spec", "nodeName") ?? None),
            Wide("Nominated Node", _ => None),
            Wide("Readiness Gates", _ => None),
        ],
        [ResourceKinds.Deployment] =
        [
            Name,
            Text("Ready", item => $"{item.Int(0, "status", "readyReplicas")}/{item.Int(0, "spec", "replicas")}"),
            Number("Up-to-date", item => item.Number("status", "updatedReplicas")),
            Number("Available", item => item.Number("status", "availableReplicas")),
            Age,
            .. Template,
        ],
        [ResourceKinds.ReplicaSet] =
        [
            Name,
            Number("Desired", item => item.Number("spec", "replicas")),
            Number("Current", item => item.Number("status", "replicas")),
            Number("Ready", item => item.Number("status", "readyReplicas")),
            Age,
            .. Template,
        ],
        [ResourceKinds.Service] =
        [
            Name,
            Text("Type", item => item.Text("spec", "type")),
            Text("Cluster-IP", item => item.Text("spec", "clusterIP") ?? None),
            Text("External-IP", item => item.Text("spec", "type") == "LoadBalancer" ? item.Objects("status", "loadBalancer", "ingress").FirstOrDefault() is { } at ? at.Text("ip") ?? at.Text("hostname") : "<pending>" : None),
            Text("Port(s)", item => Joined(item.Objects("spec", "ports").Select(port => $"{port.Number("port")}/{port.Text("protocol") ?? "TCP"}"))),
            Age,
            Wide("Selector", item => Pairs(item.StringMap("spec", "selector"))),
        ],
        [ResourceKinds.Node] =
        [
            Name,
            Text("Status", item => item.Condition("Ready").Text("status") == "True" ? "Ready" : "NotReady"),
            Text("Roles", _ => None),
            Age,
            Text("Version", item => item.Text("status", "nodeInfo", "kubeletVersion")),
            Wide("Internal-IP", item => item.Objects("status", "addresses").FirstOrDefault(address => address.Text("type") == "InternalIP").Text("address") ?? None),
        ],
        [ResourceKinds.Event] =
        [
            new("Last Seen", (item, now) => Since(item.Text("series", "lastObservedTime") ?? item.Text("lastTimestamp") ?? item.Text("eventTime") ?? item.Text("metadata", "creationTimestamp"), now)),
            Text("Type", item => item.Text("type")),
            Text("Reason", item => item.Text("reason")),
            Text("Object", item => $"{item.Text("involvedObject", "kind")?.ToLowerInvariant()}/{item.Text("involvedObject", "name")}"),
            Wide("Source", item => item.Text("source", "component") ?? item.Text("reportingComponent")),
            Text("Message", item => item.Text("message")?.Trim()),
            Wide("Name", item => item.Text("metadata", "name")),
        ],
        [ResourceKinds.Namespace] = [Name, Text("Status", item => item.Text("status", "phase")), Age],
        [ResourceKinds.ConfigMap] = [Name, Number("Data", Entries), Age],
        [ResourceKinds.Secret] = [Name, Text("Type", item => item.Text("type")), Number("Data", Entries), Age],
        [ResourceKinds.HorizontalPodAutoscaler] =
        [
            Name,
            Text("Reference", item => $"{item.Text("spec", "scaleTargetRef", "kind")}/{item.Text("spec", "scaleTargetRef", "name")}"),
            Text("Targets", Targets),
            Number("MinPods", item => item.Number("spec", "minReplicas")),
            Number("MaxPods", item => item.Number("spec", "maxReplicas")),
            Number("Replicas", item => item.Number("status", "currentReplicas")),
            Age,
        ],
        [ResourceKinds.PersistentVolumeClaim] =
        [
            Name,
            Text("Status", item => item.Text("status", "phase")),
            Text("Volume", item => item.Text("spec", "volumeName")),
            Text("Capacity", item => item.Text("status", "capacity", "storage")),
            Text("Access Modes", AccessModes),
            Text("StorageClass", item => item.Text("spec", "storageClassName")),
            Age,
        ],
        [ResourceKinds.PersistentVolume] =
        [
            Name,
            Text("Capacity", item => item.Text("spec", "capacity", "storage")),
            Text("Access Modes", AccessModes),
            Text("Reclaim Policy", item => item.Text("spec", "persistentVolumeReclaimPolicy")),
            Text("Status", item => item.Text("status", "phase")),
            Text("Claim", item => item.Text("spec", "claimRef", "name") is { } claim ? $"{item.Text("spec", "claimRef", "namespace")}/{claim}" : ""),
            Text("StorageClass", item => item.Text("spec", "storageClassName")),
            Age,
        ],
        [ResourceKinds.StorageClass] =
        [
            Name,
            Text("Provisioner", item => item.Text("provisioner")),
            Text("ReclaimPolicy", item => item.Text("reclaimPolicy") ?? "Delete"),
            Text("VolumeBindingMode", item => item.Text("volumeBindingMode") ?? "Immediate"),
            Text("AllowVolumeExpansion", item => item.Flag("allowVolumeExpansion") ? "true" : "false"),
            Age,
        ],
        [ResourceKinds.PodDisruptionBudget] =
        [
            Name,
            Text("Min Available", item => item.At("spec", "minAvailable")?.ToString() ?? "N/A"),
            Text("Max Unavailable", item => item.At("spec", "maxUnavailable")?.ToString() ?? "N/A"),
            Number("Allowed Disruptions", item => item.Number("status", "disruptionsAllowed")),
            Age,
        ],
        [ResourceKinds.Job] =
        [
            Name,
            Text("Status", JobStatus),
            Text("Completions", item => $"{item.Int(0, "status", "succeeded")}/{item.Int(1, "spec", "completions")}"),
            Age,
            .. Template,
        ],
        [ResourceKinds.EndpointSlice] =
        [
            Name,
            Text("AddressType", item => item.Text("addressType")),
            Text("Ports", item => Joined(item.Objects("ports").Select(port => $"{port.Number("port")}")) is { Length: > 0 } ports ? ports : "<unset>"),
            Text("Endpoints", item => Joined(item.Objects("endpoints").SelectMany(endpoint => endpoint.Texts("addresses"))) is { Length: > 0 } addresses ? addresses : "<unset>"),
            Age,
        ],
        [ResourceKinds.ApiService] =
        [
            Name,
            Text("Service", item => item.Text("spec", "service", "name") is { } service ? $"{item.Text("spec", "service", "namespace")}/{service}" : "Local"),
            Text("Available", item => item.Condition("Available").Text("status") ?? "Unknown"),
            Age,
        ],
        [ResourceKinds.Lease] = [Name, Text("Holder", item => item.Text("spec", "holderIdentity")), Age],
        [ResourceKinds.NetworkPolicy] = [Name, Text("Pod-Selector", item => Pairs(item.StringMap("spec", "podSelector", "matchLabels"))), Age],
        [ResourceKinds.PriorityClass] = [Name, Number("Value", item => item.Number("value")), Text("Global-Default", item => item.Flag("globalDefault") ? "true" : "false"), Age],
    };

    /// <summary>Name and age for a kind without columns of its own.</summary>
    public static IReadOnlyList<TableColumn> Of(ResourceKind kind) => kind.Defined is { Columns.Count: > 0 } defined
        ? [Name, .. DefinedColumns.Of(defined)]
        : ByKind.GetValueOrDefault(kind) ?? [Name, Age];

    /// <summary>Time since a moment, in one or two units (<c>k8s.io/apimachinery/pkg/util/duration</c>, HumanDuration).</summary>
    public static string Since(string? then, DateTimeOffset now)
    {
        if (!KubeJson.TryTime(then, out var begun))
        {
            return "<unknown>";
        }

        var age = now > begun ? now - begun : TimeSpan.Zero;
        return age switch
        {
            { TotalMinutes: < 2 } => $"{(int)age.TotalSeconds}s",
            { TotalMinutes: < 10 } => $"{age.Minutes}m{(age.Seconds == 0 ? "" : $"{age.Seconds}s")}",
            { TotalHours: < 3 } => $"{(int)age.TotalMinutes}m",
            { TotalHours: < 8 } => $"{age.Hours}h{(age.Minutes == 0 ? "" : $"{age.Minutes}m")}",
            { TotalHours: < 48 } => $"{(int)age.TotalHours}h",
            { TotalDays: < 8 } => $"{age.Days}d{(age.Hours == 0 ? "" : $"{age.Hours}h")}",
            _ => $"{age.Days}d",
        };
    }

    private static TableColumn Text(string name, Func<JsonObject, string?> text) => new(name, (item, _) => text(item) ?? "");

    private static TableColumn Wide(string name, Func<JsonObject, string?> text) => Text(name, text) with { IsWide = true };

    private static TableColumn Number(string name, Func<JsonObject, long?> number) => new(name, (item, _) => number(item) ?? 0) { IsNumber = true };

    /// <summary>What each metric is and should be, as <c>formatHPAMetrics</c> writes it: <c>3/10</c>, <c>&lt;unknown&gt;/10 (avg)</c>.</summary>
    private static string Targets(JsonObject item)
    {
        var current = item.Objects("status", "currentMetrics").ToList();
        var metrics = item.Objects("spec", "metrics").Select((metric, i) =>
        {
            var kind = metric.Text("type")?.ToLowerInvariant() ?? "";
            var (wanted, now) = (metric.At(kind, "target"), current.ElementAtOrDefault(i).At(kind, "current"));
            return wanted.Text("averageValue") is { } average
                ? $"{now.Text("averageValue") ?? "<unknown>"}/{average}{(kind == "external" ? " (avg)" : "")}"
                : wanted.Number("averageUtilization") is { } percent ? $"{metric.Text(kind, "name")}: {(now.Number("averageUtilization") is { } use ? $"{use}%" : "<unknown>")}/{percent}%"
                : $"{now.Text("value") ?? "<unknown>"}/{wanted.Text("value")}";
        }).ToList();
        return metrics.Count == 0 ? None : string.Join(", ", metrics);
    }

    private static string JobStatus(JsonObject job) =>
        new[] { ("Complete", "Complete"), ("Failed", "Failed"), ("Suspended", "Suspended") }.FirstOrDefault(pair => job.Condition(pair.Item1).Text("status") == "True").Item2 ?? "Running";

    /// <summary>The short forms of <c>GetAccessModesAsString</c>: <c>RWO,ROX</c>.</summary>
    private static string AccessModes(JsonObject item) => Joined(item.Texts("spec", "accessModes").Select(mode => mode switch
    {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        _ => mode,
    }));

    private static long? Entries(JsonObject item) => (item.Map("data")?.Count ?? 0) + (item.Map("binaryData")?.Count ?? 0);

    private static string Joined(IEnumerable<string?> texts) => string.Join(',', texts);

    private static string Pairs(Dictionary<string, string> map) => map.Count == 0 ? None : Joined(map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"));
}
