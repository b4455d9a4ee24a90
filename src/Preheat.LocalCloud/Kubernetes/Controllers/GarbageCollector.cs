using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>
/// Deletes what has lost its owners, and empties namespaces that are going
/// (https://kubernetes.io/docs/concepts/architecture/garbage-collection/).
/// </summary>
internal sealed class GarbageCollector(ObjectStore store, InfrastructureClock clock, Deletion deletion) : Controller(store, clock)
{
    protected override IEnumerable<ObjectKey> Concerned(StoreChange change)
    {
        if (change.Type == ChangeType.Deleted)
        {
            foreach (var dependent in Store.OwnedBy(change.Object.Uid))
            {
                yield return dependent.Key;
            }

            // An owner that waits for its dependents, a namespace that waits to be empty.
            foreach (var owner in Owners(change.Object))
            {
                yield return owner;
            }

            if (change.Object.Namespace.Length > 0 && Store.Get(NamespaceOf(change.Object)) is { Deleting: true } ns)
            {
                yield return ns.Key;
            }
        }
        else if (change.Object.Deleting || (change.Type == ChangeType.Added && change.Object.Json.Items("metadata", "ownerReferences") is not null))
        {
            yield return change.Object.Key;
        }
    }

    protected override IEnumerable<ObjectKey> Present() =>
        Store.Kinds.All.Distinct().SelectMany(kind => Store.List(kind)).Where(item => item.Deleting || item.Json.Items("metadata", "ownerReferences") is not null).Select(item => item.Key);

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken stopping)
    {
        if (Store.Get(key) is not { } item)
        {
            return Task.CompletedTask;
        }

        if (key.Kind == ResourceKinds.Namespace && item.Deleting)
        {
            Empty(item);
        }
        else if (item.Json.Texts("metadata", "finalizers").Contains(Deletion.ForegroundFinalizer) && item.Deleting)
        {
            Foreground(item);
        }

        if (!item.Deleting && Owners(item).ToList() is { Count: > 0 } owners && owners.TrueForAll(owner => !IsAlive(item, owner)))
        {
            deletion.Delete(key, DeleteOptions.Background);
        }

        return Task.CompletedTask;
    }

    private static ObjectKey NamespaceOf(StoredObject item) => new(ResourceKinds.Namespace, "", item.Namespace);

    private IEnumerable<ObjectKey> Owners(StoredObject item) =>
        item.Json.Objects("metadata", "ownerReferences").Select(owner => Store.Kinds.OfType(owner.Text("apiVersion"), owner.Text("kind")) is { } kind
            ? new ObjectKey(kind, kind.Namespaced ? item.Namespace : "", owner.Text("name") ?? "") : (ObjectKey?)null).OfType<ObjectKey>();

    /// <summary>The owner is there, and is the same one, not another of its name.</summary>
    private bool IsAlive(StoredObject item, ObjectKey owner) =>
        Store.Get(owner) is { } found && item.Json.Objects("metadata", "ownerReferences").Any(reference => reference.Text("uid") == found.Uid);

    private void Empty(StoredObject ns)
    {
        var content = Store.InNamespace(ns.Name);
        foreach (var item in content.Where(item => !item.Deleting))
        {
            deletion.Delete(item.Key, DeleteOptions.Background);
        }

        if (Store.InNamespace(ns.Name).Count == 0)
        {
            Store.Update(ns.Key, json =>
            {
                json.Ensure("spec").Remove("finalizers");
                return true;
            });
        }
    }

    private void Foreground(StoredObject owner)
    {
        var dependents = Store.OwnedBy(owner.Uid);
        foreach (var dependent in dependents.Where(dependent => !dependent.Deleting))
        {
            deletion.Delete(dependent.Key, DeleteOptions.Background with { Propagation = "Foreground" });
        }

        if (Store.OwnedBy(owner.Uid).Count == 0)
        {
            Store.Update(owner.Key, json =>
            {
                json.Metadata()["finalizers"] = KubeJson.ToArray(json.Texts("metadata", "finalizers").Where(name => name != Deletion.ForegroundFinalizer).ToList());
                return true;
            });
        }
    }
}
