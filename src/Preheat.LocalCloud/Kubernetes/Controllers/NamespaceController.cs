using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>Gives each namespace its service account <c>default</c>.</summary>
internal sealed class NamespaceController(ObjectStore store, InfrastructureClock clock) : Controller(store, clock)
{
    protected override IEnumerable<ObjectKey> Concerned(StoreChange change) =>
        change.Object.Key.Kind == ResourceKinds.Namespace && change.Type == ChangeType.Added ? [change.Object.Key] : [];

    protected override IEnumerable<ObjectKey> Present() => Store.List(ResourceKinds.Namespace).Select(item => item.Key);

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken stopping)
    {
        var account = new ObjectKey(ResourceKinds.ServiceAccount, key.Name, "default");
        if (Store.Get(key) is { Deleting: false } && Store.Get(account) is null)
        {
            Store.Create(account, new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ServiceAccount", ["metadata"] = new JsonObject() });
        }

        return Task.CompletedTask;
    }
}
