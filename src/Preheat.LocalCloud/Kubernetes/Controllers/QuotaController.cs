using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>Keeps <c>status.used</c> of each ResourceQuota at what its namespace uses.</summary>
internal sealed class QuotaController(ObjectStore store, InfrastructureClock clock) : Controller(store, clock)
{
    protected override IEnumerable<ObjectKey> Concerned(StoreChange change) =>
        change.Object.Key.Kind == ResourceKinds.ResourceQuota ? [change.Object.Key]
        : change.Object.Namespace.Length == 0 || change.Object.Key.Kind == ResourceKinds.Event ? []
        : Store.List(ResourceKinds.ResourceQuota, change.Object.Namespace).Select(quota => quota.Key);

    protected override IEnumerable<ObjectKey> Present() => Store.List(ResourceKinds.ResourceQuota).Select(item => item.Key);

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken stopping)
    {
        if (Store.Get(key) is { Deleting: false } quota && Quota.IsEnforced(quota))
        {
            var used = Quota.Hard(quota).Keys.ToDictionary(name => name, name => Quota.Show(name, Quota.Used(Store, key.Namespace, name)), StringComparer.Ordinal);
            Store.Update(key, json =>
            {
                json["status"] = new JsonObject
                {
                    ["hard"] = json.At("spec", "hard")?.DeepClone(),
                    ["used"] = new JsonObject(used.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
                };
                return true;
            });
        }

        return Task.CompletedTask;
    }
}
