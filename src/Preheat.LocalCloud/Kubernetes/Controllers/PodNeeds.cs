using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>What a pod asks of its node.</summary>
internal sealed record PodNeeds(int Gpus, decimal Cpu, decimal MemoryGiB, IReadOnlyDictionary<string, string> NodeSelector)
{
    public const string AcceleratorLabel = "cloud.google.com/gke-accelerator";
    public const string SpotLabel = "cloud.google.com/gke-spot";

    private const decimal GiB = 1L << 30;

    /// <summary>Taints that the pod puts up with.</summary>
    public IReadOnlyList<JsonObject> Tolerations { get; private init; } = [];

    /// <summary>Terms of the required node affinity: one of them must hold. Empty for none.</summary>
    public IReadOnlyList<JsonObject> AffinityTerms { get; private init; } = [];

    /// <summary>Of each bound volume, the terms of the nodes that can reach it: one of them must hold.</summary>
    public IReadOnlyList<IReadOnlyList<JsonObject>> VolumeTerms { get; init; } = [];

    public string Accelerator => NodeSelector.GetValueOrDefault(AcceleratorLabel) ?? "";

    public static PodNeeds Of(JsonObject pod)
    {
        decimal Sum(string resource)
        {
            var running = pod.Objects("spec", "containers").Sum(container => Quantity.ValueOf(container.At("resources", "requests", resource)));
            var starting = pod.Objects("spec", "initContainers").Select(container => Quantity.ValueOf(container.At("resources", "requests", resource))).DefaultIfEmpty(0).Max();
            return Math.Max(running, starting);
        }

        return new PodNeeds((int)Sum(PodRules.Gpu), Sum("cpu"), Sum("memory") / GiB, pod.StringMap("spec", "nodeSelector"))
        {
            Tolerations = [.. pod.Objects("spec", "tolerations")],
            AffinityTerms = [.. pod.Objects("spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")],
        };
    }

    public bool Selects(IReadOnlyDictionary<string, string> labels)
    {
        if (!NodeSelector.All(pair => labels.GetValueOrDefault(pair.Key) == pair.Value))
        {
            return false;
        }

        return AffinityTerms.Count == 0 || AnyTerm(AffinityTerms, AsJson(labels));
    }

    /// <summary>Every bound volume can be reached from a node with these labels.</summary>
    public bool Reaches(IReadOnlyDictionary<string, string> labels) => VolumeTerms.Count == 0 || AsJson(labels) is var node && VolumeTerms.All(terms => AnyTerm(terms, node));

    /// <summary>Whether a node's labels fulfil one of some node selector terms; no terms ask for nothing.</summary>
    public static bool AnyTerm(IReadOnlyList<JsonObject> terms, JsonObject labels) => terms.Count == 0
        || terms.Any(term => LabelSelector.FromObject(new JsonObject { ["matchExpressions"] = term["matchExpressions"]?.DeepClone() })?.Matches(labels) == true);

    private static JsonObject AsJson(IReadOnlyDictionary<string, string> labels) => new(labels.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
}
