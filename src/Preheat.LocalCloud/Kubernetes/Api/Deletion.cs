using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>How to delete: the body's <c>DeleteOptions</c>, or the same by query.</summary>
internal sealed record DeleteOptions(string Propagation, long? GracePeriodSeconds, string? Uid, string? ResourceVersion, bool DryRun)
{
    public static readonly DeleteOptions Background = new("Background", GracePeriodSeconds: null, Uid: null, ResourceVersion: null, DryRun: false);

    public static async Task<DeleteOptions> ReadAsync(HttpContext context)
    {
        var bytes = await Bodies.ReadAsync(context);
        var body = bytes.Length == 0 ? null : Bodies.Parse(context.Request, bytes);
        var query = context.Request.Query;
        var propagation = body.Text("propagationPolicy") ?? (query["propagationPolicy"].ToString() is { Length: > 0 } text ? text : "Background");
        if (propagation is not ("Background" or "Foreground" or "Orphan"))
        {
            throw ApiException.InvalidOption("DeleteOptions", new Cause("FieldValueNotSupported", $"Unsupported value: \"{propagation}\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"", "propagationPolicy"));
        }

        var grace = body.Number("gracePeriodSeconds")
            ?? (long.TryParse(query["gracePeriodSeconds"], System.Globalization.CultureInfo.InvariantCulture, out var seconds) ? seconds : null);
        return new DeleteOptions(
            propagation, grace, body.Text("preconditions", "uid"), body.Text("preconditions", "resourceVersion"),
            body.Texts("dryRun").Contains("All") || query["dryRun"] == "All");
    }
}

/// <summary>
/// Begins or finishes deletions. A pod goes when its node has stopped it, a namespace when it is empty, any object when its last finalizer is
/// gone; dependents follow their owner through the garbage collector.
/// </summary>
internal sealed class Deletion(ObjectStore store, TimeProvider time)
{
    public const string ForegroundFinalizer = "foregroundDeletion";

    /// <summary>Holds a definition until its last object is gone.</summary>
    public const string DefinitionFinalizer = "customresourcecleanup.apiextensions.k8s.io";

    private static readonly string[] Kept = ["default", "kube-system"];

    /// <summary>The object as it was last seen, and whether it is gone already.</summary>
    public (StoredObject Stored, bool Gone) Delete(ObjectKey key, DeleteOptions options)
    {
        var present = store.Get(key) ?? throw ApiException.NotFound(key);
        if (options.Uid is { } uid && uid != present.Uid)
        {
            throw ApiException.Conflict(key, $"the UID in the precondition ({uid}) does not match the UID in record ({present.Uid}). The object might have been deleted and then recreated");
        }

        if (options.ResourceVersion is { } version && version != present.Json.Text("metadata", "resourceVersion"))
        {
            throw ApiException.Conflict(key, $"the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({present.Json.Text("metadata", "resourceVersion")}). The object might have been modified");
        }

        if (key.Kind == ResourceKinds.Namespace && Kept.Contains(key.Name))
        {
            throw ApiException.Forbidden(key, "this namespace may not be deleted");
        }

        if (options.DryRun)
        {
            return (present, Gone: true);
        }

        if (options.Propagation == "Orphan")
        {
            Orphan(present.Uid);
        }

        var wait = Grace(present, options);
        var finalizers = key.Kind == ResourceKinds.Namespace || key.Kind == ResourceKinds.CustomResourceDefinition || present.Json.Texts("metadata", "finalizers").Any() || options.Propagation == "Foreground";
        if (wait is null && !finalizers)
        {
            return (store.Remove(key, present.Uid) ?? present, Gone: true);
        }

        var marked = store.Update(key, json => Mark(json, wait ?? 0, options.Propagation == "Foreground"));
        return (marked ?? present, Gone: marked is null);
    }

    private bool Mark(JsonObject json, long grace, bool foreground)
    {
        var metadata = json.Metadata();
        var earlier = metadata.Number("deletionGracePeriodSeconds");
        if (metadata.Text("deletionTimestamp") is null || grace < earlier)
        {
            metadata["deletionTimestamp"] = KubeJson.Seconds(time.GetUtcNow() + TimeSpan.FromSeconds(grace));
            metadata["deletionGracePeriodSeconds"] = grace;
        }

        var finalizers = json.Texts("metadata", "finalizers")
            .Concat(foreground ? [ForegroundFinalizer] : []).Concat(json.Text("kind") == "CustomResourceDefinition" ? [DefinitionFinalizer] : []).Distinct().ToList();
        if (finalizers.Count > 0)
        {
            metadata["finalizers"] = KubeJson.ToArray(finalizers);
        }

        if (json.Text("kind") == "Namespace")
        {
            json.Ensure("status")["phase"] = "Terminating";
        }

        return true;
    }

    /// <summary>Seconds that a pod's containers get; null when there is nothing to wait for.</summary>
    private static long? Grace(StoredObject present, DeleteOptions options)
    {
        if (present.Key.Kind != ResourceKinds.Pod || string.IsNullOrEmpty(present.Json.Text("spec", "nodeName"))
            || present.Json.Text("status", "phase") is "Succeeded" or "Failed")
        {
            return null;
        }

        var grace = options.GracePeriodSeconds ?? present.Json.Number("spec", "terminationGracePeriodSeconds") ?? 30;
        return grace <= 0 ? null : grace;
    }

    private void Orphan(string uid)
    {
        foreach (var dependent in store.OwnedBy(uid))
        {
            store.Update(dependent.Key, json =>
            {
                var others = json.Objects("metadata", "ownerReferences").Where(owner => owner.Text("uid") != uid).Select(owner => (JsonNode)owner.DeepClone()).ToArray();
                json.Metadata()["ownerReferences"] = new JsonArray(others);
                return true;
            });
        }
    }
}
