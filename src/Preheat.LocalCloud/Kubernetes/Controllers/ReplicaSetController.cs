using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>Keeps as many pods of a template as a ReplicaSet asks for.</summary>
internal sealed class ReplicaSetController(ObjectStore store, InfrastructureClock clock, PodFactory pods) : Controller(store, clock)
{
    private const string Component = "replicaset-controller";
    private const int Burst = 500;

    /// <summary>Condition of a set whose pods could not be made.</summary>
    public const string ReplicaFailure = "ReplicaFailure";

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LeastRetry = TimeSpan.FromSeconds(1);

    protected override IEnumerable<ObjectKey> Concerned(StoreChange change)
    {
        if (change.Object.Key.Kind == ResourceKinds.ReplicaSet)
        {
            yield return change.Object.Key;
        }
        else if (change.Object.Key.Kind == ResourceKinds.Pod && ControllerOf(change.Object, ResourceKinds.ReplicaSet) is { } owner)
        {
            yield return owner;
        }
    }

    protected override IEnumerable<ObjectKey> Present() => Store.List(ResourceKinds.ReplicaSet).Select(item => item.Key);

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken stopping)
    {
        if (Store.Get(key) is not { } set)
        {
            return Task.CompletedTask;
        }

        var active = Store.OwnedBy(set.Uid).Where(item => item.Key.Kind == ResourceKinds.Pod && item.IsActive()).ToList();
        var fault = "";
        if (!set.Deleting)
        {
            var wanted = set.Json.Int(1, "spec", "replicas");
            fault = Create(set, Math.Min(wanted - active.Count, Burst));

            foreach (var pod in ToDelete(active, active.Count - wanted))
            {
                pods.Delete(set, pod, Component);
            }
        }

        WriteStatus(set, fault);
        return Task.CompletedTask;
    }

    /// <summary>First those that cost least: unassigned, pending, not ready, then the youngest.</summary>
    private static IEnumerable<StoredObject> ToDelete(List<StoredObject> active, int surplus) => surplus <= 0 ? []
        : active.OrderBy(pod => pod.NodeName().Length > 0).ThenBy(pod => pod.Json.Text("status", "phase") == "Running").ThenBy(pod => pod.IsReady())
            .ThenByDescending(pod => pod.Created()).ThenByDescending(pod => pod.Version).Take(surplus).ToList();

    /// <summary>Creates pods; why the first that could not be made was refused, or empty.</summary>
    private string Create(StoredObject set, int count)
    {
        for (; count > 0; count--)
        {
            try
            {
                pods.Create(set, Component);
            }
            catch (ApiException e)
            {
                EnqueueAfter(set.Key, Clock.Scale(RetryAfter) is var wait && wait > LeastRetry ? wait : LeastRetry);
                return e.Message;
            }
        }

        return "";
    }

    private void WriteStatus(StoredObject set, string fault)
    {
        var present = Store.OwnedBy(set.Uid).Where(item => item.Key.Kind == ResourceKinds.Pod && item.IsActive()).ToList();
        var minReady = Clock.Scale(TimeSpan.FromSeconds(set.Json.Int(0, "spec", "minReadySeconds")));
        var now = Clock.Time.GetUtcNow();
        var due = present.Select(pod => pod.AvailableAt(minReady)).OfType<DateTimeOffset>().ToList();
        Store.Update(set.Key, json =>
        {
            var status = json.Ensure("status");
            status["replicas"] = present.Count;
            status.SetCount("fullyLabeledReplicas", present.Count);
            status.SetCount("readyReplicas", present.Count(pod => pod.IsReady()));
            status.SetCount("availableReplicas", due.Count(time => time <= now));
            status["observedGeneration"] = json.Number("metadata", "generation");
            if (fault.Length > 0)
            {
                Conditions.Set(json, ReplicaFailure, status: true, "FailedCreate", fault, now);
            }
            else
            {
                Conditions.Remove(json, ReplicaFailure);
            }

            return true;
        });
        foreach (var time in due.Where(time => time > now))
        {
            EnqueueAfter(set.Key, time - now);
        }
    }
}
