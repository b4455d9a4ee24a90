using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>
/// Keeps the status of PodDisruptionBudgets: how many of their pods may be evicted now
/// (https://kubernetes.io/docs/tasks/run-application/configure-pdb/).
/// </summary>
internal sealed class DisruptionController(ObjectStore store, InfrastructureClock clock) : Controller(store, clock)
{
    protected override IEnumerable<ObjectKey> Concerned(StoreChange change) =>
        change.Object.Key.Kind == ResourceKinds.PodDisruptionBudget ? [change.Object.Key]
        : change.Object.Key.Kind == ResourceKinds.Pod || change.Object.Key.Kind == ResourceKinds.ReplicaSet || change.Object.Key.Kind == ResourceKinds.Deployment
            ? Store.List(ResourceKinds.PodDisruptionBudget, change.Object.Namespace).Select(budget => budget.Key) : [];

    protected override IEnumerable<ObjectKey> Present() => Store.List(ResourceKinds.PodDisruptionBudget).Select(item => item.Key);

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken stopping)
    {
        Store.Update(key, json =>
        {
            if (json.Text("metadata", "deletionTimestamp") is not null)
            {
                return false;
            }

            var pods = Selected(Store, key.Namespace, json);
            var healthy = pods.Count(pod => pod.IsReady());
            var (expected, desired) = Bounds(json, pods);
            var allowed = Math.Max(0, expected > 0 ? healthy - desired : 0);
            var status = json.Ensure("status");
            status["currentHealthy"] = healthy;
            status["desiredHealthy"] = desired;
            status["expectedPods"] = expected;
            status["disruptionsAllowed"] = allowed;
            status["observedGeneration"] = json.Number("metadata", "generation");
            Conditions.Set(json, "DisruptionAllowed", allowed > 0, allowed > 0 ? "SufficientPods" : "InsufficientPods", "", Clock.Time.GetUtcNow());
            return true;
        });
        return Task.CompletedTask;
    }

    /// <summary>The pods that a budget is about: an empty selector means all of the namespace, none at all means no pod.</summary>
    public static List<StoredObject> Selected(ObjectStore store, string ns, JsonObject budget)
    {
        if (budget.Map("spec", "selector") is not { } selector)
        {
            return [];
        }

        var wanted = LabelSelector.FromObject(selector) ?? LabelSelector.Everything;
        return [.. store.List(ResourceKinds.Pod, ns).Where(pod => pod.IsActive() && wanted.Matches(pod))];
    }

    /// <summary>How many pods there should be by their controllers, and how many of them must be healthy.</summary>
    private (int Expected, int Desired) Bounds(JsonObject budget, List<StoredObject> pods)
    {
        var least = budget.At("spec", "minAvailable");
        if (least.Number() is { } count)
        {
            return (pods.Count, (int)count);
        }

        var expected = pods.Select(pod => ControllerOf(pod, ResourceKinds.ReplicaSet)).Distinct()
            .Sum(set => set is { } key && Store.Get(key) is { } found ? found.Json.Int(1, "spec", "replicas") : pods.Count(pod => ControllerOf(pod, ResourceKinds.ReplicaSet) is null));
        return least is not null
            ? (expected, Share.Of(least, expected, roundUp: true))
            : (expected, Math.Max(0, expected - Share.Of(budget.At("spec", "maxUnavailable"), expected, roundUp: true)));
    }
}
