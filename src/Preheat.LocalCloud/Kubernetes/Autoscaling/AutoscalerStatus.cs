using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Autoscaling;

/// <summary>Collects what one look at an autoscaler found, and writes it in one step.</summary>
internal sealed class AutoscalerStatus(StoredObject item, DateTimeOffset now)
{
    private readonly JsonObject _draft = new() { ["status"] = item.Json.At("status")?.DeepClone() ?? new JsonObject() };

    public DateTimeOffset Now { get; } = now;

    public void Set(string condition, bool holds, string reason, string message) => Conditions.Set(_draft, condition, holds, reason, message, Now);

    /// <summary>Replicas that the target asks for at the moment.</summary>
    public void Observe(int replicas)
    {
        var status = _draft.Ensure("status");
        status["currentReplicas"] = replicas;
        status.Remove("currentMetrics");
    }

    public void Desire(int replicas) => _draft.Ensure("status")["desiredReplicas"] = replicas;

    public void Measure(IEnumerable<JsonObject> metrics) => _draft.Ensure("status")["currentMetrics"] = new JsonArray([.. metrics]);

    public void Rescaled() => _draft.Ensure("status")["lastScaleTime"] = KubeJson.Seconds(Now);

    public void Write(ObjectStore store) => store.Update(item.Key, json =>
    {
        if (json.Text("metadata", "uid") != item.Uid)
        {
            return false;
        }

        _draft.Ensure("status")["desiredReplicas"] ??= 0;
        json["status"] = _draft["status"]!.DeepClone();
        return true;
    });
}
