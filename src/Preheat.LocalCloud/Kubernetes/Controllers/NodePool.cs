using System.Globalization;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>Nodes as objects: how a machine becomes one, and what is free on it.</summary>
internal sealed class NodePool(ObjectStore store, PodPlacement placement, TimeProvider time)
{
    private const string Region = "local";

    private readonly Dictionary<string, (long Version, NodeRoom Room)> _rooms = new(StringComparer.Ordinal);
    private int _addresses;

    /// <summary>Labels of a machine's node.</summary>
    public static Dictionary<string, string> Labels(Machine machine, string name, MachineWish wish)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["kubernetes.io/arch"] = "amd64",
            ["kubernetes.io/os"] = "linux",
            ["kubernetes.io/hostname"] = name,
            ["node.kubernetes.io/instance-type"] = machine.Type,
            ["topology.kubernetes.io/region"] = Region,
            ["topology.kubernetes.io/zone"] = $"{Region}-a",
            ["topology.gke.io/zone"] = $"{Region}-a",
        };
        if (machine.Gpus > 0)
        {
            labels[PodNeeds.AcceleratorLabel] = machine.Accelerator;
            labels["cloud.google.com/gke-accelerator-count"] = machine.Gpus.ToString(CultureInfo.InvariantCulture);
        }

        if (wish.IsSpot)
        {
            labels[PodNeeds.SpotLabel] = "true";
        }

        if (wish.Class is { } group)
        {
            labels[ComputeClasses.Label] = group;
        }

        return labels;
    }

    public StoredObject Create(string name, Machine machine, IReadOnlyDictionary<string, string> labels)
    {
        var capacity = new JsonObject
        {
            ["cpu"] = machine.Cpu.ToString(CultureInfo.InvariantCulture),
            ["memory"] = $"{machine.MemoryGiB.ToString(CultureInfo.InvariantCulture)}Gi",
            ["pods"] = "110",
        };
        if (machine.Gpus > 0)
        {
            capacity[PodRules.Gpu] = machine.Gpus.ToString(CultureInfo.InvariantCulture);
        }

        var address = Interlocked.Increment(ref _addresses);
        var node = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Node",
            ["metadata"] = new JsonObject { ["labels"] = new JsonObject(labels.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))) },
            ["spec"] = new JsonObject { ["providerID"] = $"preheat://local/{name}", ["taints"] = NodeTaints.Of(machine.Gpus, labels) },
            ["status"] = new JsonObject
            {
                ["capacity"] = capacity,
                ["allocatable"] = capacity.DeepClone(),
                ["addresses"] = new JsonArray(
                    new JsonObject { ["type"] = "InternalIP", ["address"] = $"10.128.{address / 250}.{(address % 250) + 1}" },
                    new JsonObject { ["type"] = "Hostname", ["address"] = name }),
                ["nodeInfo"] = new JsonObject
                {
                    ["architecture"] = "amd64",
                    ["operatingSystem"] = "linux",
                    ["kubeletVersion"] = "v1.33.0-preheat",
                    ["osImage"] = "Preheat embedded node",
                    ["containerRuntimeVersion"] = "preheat://1",
                    ["kernelVersion"] = "",
                    ["kubeProxyVersion"] = "",
                    ["machineID"] = "",
                    ["systemUUID"] = "",
                    ["bootID"] = "",
                },
                ["images"] = new JsonArray(),
            },
        };
        Conditions.Set(node, "Ready", status: true, "KubeletReady", "kubelet is posting ready status", time.GetUtcNow());
        return store.Create(new ObjectKey(ResourceKinds.Node, "", name), node);
    }

    /// <summary>What is used of the node by pods that have not ended.</summary>
    public NodeUse Used(string node) => placement.On(node);

    /// <summary>Why a pod does not fit the node; null when it does.</summary>
    public Misfit? Refuses(StoredObject node, PodNeeds needs)
    {
        if (node.Deleting || node.Json.Flag("spec", "unschedulable"))
        {
            return new Misfit(["node(s) were unschedulable"], Hopeless: true);
        }

        if (!_rooms.TryGetValue(node.Name, out var known) || known.Version != node.Version)
        {
            _rooms[node.Name] = known = (node.Version, NodeRoom.Of(node));
        }

        return known.Room.Refuses(needs, Used(node.Name));
    }

    public void Forget(string node) => _rooms.Remove(node);
}
