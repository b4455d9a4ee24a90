using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Limits;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>Makes and deletes the pods of a controller's template, within the namespace's quotas, and says so by events.</summary>
internal sealed class PodFactory(ObjectStore store, EventRecorder events, Deletion deletion)
{
    /// <summary>Creates a pod of <paramref name="owner"/>'s template.</summary>
    /// <exception cref="ApiException">403: a quota is used up, or the pod is outside the namespace's limits.</exception>
    public void Create(StoredObject owner, string component)
    {
        var template = owner.Json.Map("spec", "template");
        var name = $"{owner.Name[..Math.Min(owner.Name.Length, 57)]}-{Admission.RandomSuffix()}";
        var metadata = new JsonObject
        {
            ["generateName"] = $"{owner.Name}-",
            ["name"] = name,
            ["namespace"] = owner.Namespace,
            ["labels"] = template.Map("metadata", "labels")?.DeepClone(),
            ["ownerReferences"] = new JsonArray(owner.OwnerReference()),
        };
        if (template.Map("metadata", "annotations") is { } annotations)
        {
            metadata["annotations"] = annotations.DeepClone();
        }

        var key = new ObjectKey(ResourceKinds.Pod, owner.Namespace, name);
        var pod = new JsonObject { ["metadata"] = metadata, ["spec"] = template.Map("spec")?.DeepClone() };
        LimitRanges.Default(store, owner.Namespace, pod);
        Defaults.Apply(ResourceKinds.Pod, pod);
        try
        {
            LimitRanges.Check(store, key, pod);
            Quota.Check(store, key, pod);
        }
        catch (ApiException e)
        {
            events.Warning(owner, component, "FailedCreate", $"Error creating: {e.Message}");
            throw;
        }

        store.Create(key, pod);
        events.Normal(owner, component, "SuccessfulCreate", $"Created pod: {name}");
    }

    public void Delete(StoredObject owner, StoredObject pod, string component)
    {
        deletion.Delete(pod.Key, DeleteOptions.Background);
        events.Normal(owner, component, "SuccessfulDelete", $"Deleted pod: {pod.Name}");
    }
}
