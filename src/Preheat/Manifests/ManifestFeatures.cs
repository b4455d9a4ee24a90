using Preheat.Models;
using Preheat.Serving;

namespace Preheat.Manifests;

/// <summary>Which folders of <c>manifests/</c> a deployment is put together from, in this order.</summary>
internal static class ManifestFeatures
{
    /// <summary>Folders below the root: the server's base first, then components.</summary>
    /// <param name="maxModelLength">Context length to set; null leaves it to the server.</param>
    public static IReadOnlyList<string> Of(RenderRequest request, int? maxModelLength)
    {
        var deployment = request.Deployment;
        var metric = AutoscaleMetric.Find(deployment.AutoscaleOn);
        var autoscaled = metric.Name != AutoscaleMetric.None;
        // Only GKE has the kind PodMonitoring, and the annotations of its load balancer.
        var gke = deployment.Platform == "gke";
        var vllm = deployment.Server == "vllm";
        var keda = deployment.AutoscaleThrough == Autoscaling.Keda;
        var classed = deployment.Features.Contains(OptionalFeature.ComputeClass);
        var guarded = deployment.Features.Contains(OptionalFeature.NetworkPolicy);
        (bool Wanted, string Folder)[] all =
        [
            (true, $"base/{deployment.Server}"),
            (vllm && deployment.ServerApi == "generate", "components/vllm-generate"),
            (IsDownloaded(request), "components/hub-download"),
            (deployment.Weights == "streamed", "components/weights-streamed"),
            (deployment.Weights == "volume", "components/weights-volume"),
            (maxModelLength is not null, vllm ? "components/max-model-len" : "components/max-total-tokens"),
            (deployment.Weights == "streamed" && ServerVersion.Of(deployment.BaseImage).KnowsDisableLogRequests, "components/vllm-quiet"),
            (!gke, "components/kubernetes"),
            (gke && deployment.ClusterMode == "standard", "components/standard"),
            (gke && deployment.Spot && !classed, "components/spot"),
            (gke && deployment.Spot && classed, "components/spot-notice"),
            (classed, deployment.Spot ? "cluster/compute-class-spot" : "cluster/compute-class"),
            (classed, "components/compute-class"),
            (deployment.CompileCache is not null, "components/compile-cache"),
            (deployment.Features.Contains("zone-spread"), "components/zone-spread"),
            (guarded, "components/network-policy"),
            (guarded && gke && deployment.Expose == "internal", "components/network-policy-internal"),
            (guarded && (IsDownloaded(request) || deployment.Weights == "streamed"), "components/network-policy-downloads"),
            (deployment.Restricted, "components/restricted"),
            (gke && deployment.Expose == "internal", "components/internal-load-balancer"),
            (gke, "components/monitoring"),
            (autoscaled ? deployment.MaxReplicas > 1 : deployment.MinReplicas > 1, "components/disruption-budget"),
            (autoscaled && !keda, "components/autoscaling"),
            (autoscaled && deployment.AutoscaleThrough == Autoscaling.Adapter, $"components/{metric.Component}"),
            (autoscaled && deployment.AutoscaleThrough == Autoscaling.Native, "components/autoscaling-native"),
            (autoscaled && keda, "components/autoscaling-keda"),
            (autoscaled && keda && deployment.Prometheus is null, "components/autoscaling-keda-google"),
            (metric.Name == "dcgm", "cluster/dcgm"),
        ];
        return [.. all.Where(feature => feature.Wanted).Select(feature => feature.Folder)];
    }

    /// <summary>True when the server fetches the weights from the hub at each start.</summary>
    public static bool IsDownloaded(RenderRequest request) => request.Image.ModelPath is null && request.Deployment.Weights is not ("streamed" or "volume");

    /// <summary>Where the server finds the weights: a path in the container, a name on the hub, or an address in Cloud Storage.</summary>
    /// <exception cref="UserException">No pod could get them that way.</exception>
    public static string ModelPath(RenderRequest request)
    {
        var (deployment, model) = (request.Deployment, request.Model);
        switch (deployment.Weights)
        {
            case "streamed" when deployment.Model.Scheme is ModelScheme.GoogleStorage && deployment.Server == "vllm":
                return ServerVersion.Of(deployment.BaseImage).StreamsFromCloudStorage
                    ? deployment.Model.ToString()
                    : throw new UserException($"{deployment.BaseImage} cannot stream from Cloud Storage; vLLM can from 0.11.1 on. Choose a later --base-image.");
            case "streamed":
                throw new UserException($"--weights streamed is for vLLM and a model in Cloud Storage (gs://BUCKET/PATH), not for {deployment.Server} and {deployment.Model}.");
            case "volume":
                return $"/models/{model.Name.Split('/')[^1]}";
        }
        if (request.Image.ModelPath is { } path)
            return path;
        return deployment.Model.Scheme is ModelScheme.HuggingFace
            ? model.Name
            : throw new UserException($"The image {request.Image.Reference} holds no weights, and a pod cannot download {deployment.Model} by itself. Use --weights baked.");
    }
}
