using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Definitions;

/// <summary>Accepts the names of new definitions, and takes a deleted one's objects away before it goes.</summary>
internal sealed class DefinitionController(ObjectStore store, InfrastructureClock clock, Deletion deletion) : Controller(store, clock)
{
    protected override IEnumerable<ObjectKey> Concerned(StoreChange change)
    {
        if (change.Object.Key.Kind == ResourceKinds.CustomResourceDefinition)
        {
            yield return change.Object.Key;
        }
        else if (change.Type == ChangeType.Deleted && change.Object.Key.Kind.Defined is not null)
        {
            // The last one's end may be what a deleted definition waits for.
            yield return new ObjectKey(ResourceKinds.CustomResourceDefinition, "", change.Object.Key.Kind.QualifiedPlural);
        }
    }

    protected override IEnumerable<ObjectKey> Present() => Store.List(ResourceKinds.CustomResourceDefinition).Select(item => item.Key);

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken stopping)
    {
        if (Store.Get(key) is not { } definition)
        {
            return Task.CompletedTask;
        }

        if (definition.Deleting)
        {
            CleanUp(definition);
        }
        else
        {
            var conflict = Conflict(definition);
            Store.Update(key, json =>
            {
                DefinitionStatus.Settle(json, conflict, Clock.Time.GetUtcNow());
                return true;
            });
        }

        return Task.CompletedTask;
    }

    /// <summary>A sentence when another resource of the group already has the kind's name; null when none has.</summary>
    private string? Conflict(StoredObject definition)
    {
        var (group, kind) = (definition.Json.Text("spec", "group"), definition.Json.Text("spec", "names", "kind"));
        return Store.Kinds.All.Any(other => other.Group == group && other.Kind == kind && other.QualifiedPlural != definition.Name) ? $"\"{kind}\" is already in use" : null;
    }

    private void CleanUp(StoredObject definition)
    {
        var objects = DefinedKinds.Of(definition.Json).Take(1).SelectMany(item => Store.List(item.Kind)).ToList();
        foreach (var item in objects.Where(item => !item.Deleting))
        {
            deletion.Delete(item.Key, DeleteOptions.Background);
        }

        if (objects.Count == 0 || objects.TrueForAll(item => Store.Get(item.Key) is null))
        {
            Store.Update(definition.Key, json =>
            {
                json.Metadata()["finalizers"] = KubeJson.ToArray(json.Texts("metadata", "finalizers").Where(name => name != Deletion.DefinitionFinalizer).ToList());
                return true;
            });
        }
    }
}
