using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>Keeps as many pods of a template as a ReplicaSet asks for.</summary>
internal sealed class ReplicaSetController(ObjectStore store, InfrastructureClock clock, EventRecorder events, Deletion deletion) : Controller(store, clock)
{
    private const string Component = "replicaset-controller";
    private const int Burst = 500;

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

        var pods = Store.OwnedBy(set.Uid).Where(item => item.Key.Kind == ResourceKinds.Pod).ToList();
        var active = pods.Where(pod => pod.IsActive()).ToList();
        if (!set.Deleting)
        {
            var wanted = set.Json.Int(1, "spec", "replicas");
            for (var missing = Math.Min(wanted - active.Count, Burst); missing > 0; missing--)
            {
                Create(set);
            }

            foreach (var pod in ToDelete(active, active.Count - wanted))
            {
                deletion.Delete(pod.Key, DeleteOptions.Background);
                events.Normal(set, Component, "SuccessfulDelete", $"Deleted pod: {pod.Name}");
            }
        }

        WriteStatus(set);
        return Task.CompletedTask;
    }

    private void Create(StoredObject set)
    {
        var template = set.Json.Map("spec", "template");
        var name = $"{set.Name[..Math.Min(set.Name.Length, 57)]}-{Admission.RandomSuffix()}";
        var metadata = new JsonObject
        {
            ["generateName"] = $"{set.Name}-",
            ["name"] = name,
            ["labels"] = template.Map("metadata", "labels")?.DeepClone(),
            ["ownerReferences"] = new JsonArray(set.OwnerReference()),
        };
        if (template.Map("metadata", "annotations") is { } annotations)
        {
            metadata["annotations"] = annotations.DeepClone();
        }

        var key = new ObjectKey(ResourceKinds.Pod, set.Namespace, name);
        var pod = new JsonObject { ["metadata"] = metadata, ["spec"] = template.Map("spec")?.DeepClone() };
        metadata["namespace"] = set.Namespace;
        Defaults.Apply(ResourceKinds.Pod, pod);
        Store.Create(key, pod);
        events.Normal(set, Component, "SuccessfulCreate", $"Created pod: {name}");
    }

    /// <summary>First those that cost least: unassigned, pending, not ready, then the youngest.</summary>
    private static IEnumerable<StoredObject> ToDelete(List<StoredObject> active, int surplus) => surplus <= 0 ? []
        : active.OrderBy(pod => pod.NodeName().Length > 0).ThenBy(pod => pod.Json.Text("status", "phase") == "Running").ThenBy(pod => pod.IsReady())
            .ThenByDescending(pod => pod.Created()).ThenByDescending(pod => pod.Version).Take(surplus).ToList();

    private void WriteStatus(StoredObject set)
    {
        var pods = Store.OwnedBy(set.Uid).Where(item => item.Key.Kind == ResourceKinds.Pod && item.IsActive()).ToList();
        var minReady = Clock.Scale(TimeSpan.FromSeconds(set.Json.Int(0, "spec", "minReadySeconds")));
        var now = Clock.Time.GetUtcNow();
        var due = pods.Select(pod => pod.AvailableAt(minReady)).OfType<DateTimeOffset>().ToList();
        Store.Update(set.Key, json =>
        {
            var status = json.Ensure("status");
            status["replicas"] = pods.Count;
            status.SetCount("fullyLabeledReplicas", pods.Count);
            status.SetCount("readyReplicas", pods.Count(pod => pod.IsReady()));
            status.SetCount("availableReplicas", due.Count(time => time <= now));
            status["observedGeneration"] = json.Number("metadata", "generation");
            return true;
        });
        foreach (var time in due.Where(time => time > now))
        {
            EnqueueAfter(set.Key, time - now);
        }
    }
}
