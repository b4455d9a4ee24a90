using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Limits;
using Preheat.LocalCloud.Kubernetes.Patching;
using Preheat.LocalCloud.Kubernetes.Storage;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>Creates, updates and applies objects on behalf of clients: admission, field ownership, dry run, then the store.</summary>
internal sealed class ObjectWriter(ObjectStore store, TimeProvider time)
{
    /// <summary>Stores a new object; its name comes from the body or from <c>generateName</c>.</summary>
    public StoredObject Create(ResourceKind kind, string ns, JsonObject json, WriteOptions options)
    {
        (kind, var check) = Decode(kind, json, before: null, options);
        var metadata = json.Metadata();
        if (string.IsNullOrEmpty(metadata.Text("name")) && metadata.Text("generateName") is { Length: > 0 } prefix)
        {
            metadata["name"] = prefix[..Math.Min(prefix.Length, 58)] + Admission.RandomSuffix();
        }

        if (metadata.Text("resourceVersion") is { Length: > 0 })
        {
            throw ApiException.BadRequest("resourceVersion should not be set on objects to be created");
        }

        return Insert(kind, ns, json, check, options, final => ManagedFields.TrackUpdate(kind, before: null, final, options.Manager, "", time.GetUtcNow()));
    }

    /// <summary>
    /// Replaces an object by what <paramref name="change"/> makes of the present one. A <c>metadata.resourceVersion</c> in the result must be
    /// the present one (409).
    /// </summary>
    public StoredObject Update(ObjectKey key, string subresource, Func<JsonObject, JsonObject> change, WriteOptions options)
    {
        StoredObject? tried = null;
        var stored = store.Update(key, present =>
        {
            var before = present.Copy();
            var json = change(VersionView.JsonOf(present, key.Kind)).Copy();
            if (json.Text("metadata", "resourceVersion") is { Length: > 0 } version && version != before.Text("metadata", "resourceVersion"))
            {
                throw ApiException.Modified(key);
            }

            if (json.Text("metadata", "uid") is { Length: > 0 } uid && uid != before.Text("metadata", "uid"))
            {
                throw ApiException.Conflict(key, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {before.Text("metadata", "uid")}");
            }

            CheckNamespace(key, json);
            var next = Settle(key, subresource, json, before, options);
            if (!KubeJson.Same(WithoutManagers(next), WithoutManagers(before)))
            {
                ManagedFields.TrackUpdate(StoredKind(key.Kind), before, next, options.Manager, subresource, time.GetUtcNow());
            }

            return Take(key, present, next, options, ref tried);
        });
        return tried ?? stored ?? throw ApiException.NotFound(key);
    }

    /// <summary>Server-side apply; creates the object when there is none.</summary>
    public (StoredObject Stored, bool Created) Apply(ObjectKey key, string subresource, JsonObject applied, bool force, WriteOptions options)
    {
        // An apply body with an undeclared field is never accepted, whatever fieldValidation says: it could not be owned.
        TypedPatch.Check(key, applied);
        var typed = applied.Copy();
        Admission.Decode(key.Kind, typed, options with { FieldValidation = "Ignore" });
        CheckNamespace(key, typed);
        if (key.Kind.Conversion is { } conversion)
        {
            conversion.ToStored(typed, null);
            key = key with { Kind = conversion.Stored };
        }

        if (subresource.Length == 0)
        {
            if (key.Kind.HasStatus)
            {
                typed.Remove("status");
            }
        }
        else
        {
            typed = new JsonObject { ["apiVersion"] = typed["apiVersion"]?.DeepClone(), ["kind"] = typed["kind"]?.DeepClone(), ["status"] = typed.Map("status")?.DeepClone() ?? new JsonObject() };
        }

        typed.Metadata()["name"] = key.Name;
        StoredObject? tried = null;
        var stored = store.Update(key, present =>
        {
            var before = VersionView.JsonOf(present, key.Kind);
            if (typed.Text("metadata", "resourceVersion") is { Length: > 0 } version && version != before.Text("metadata", "resourceVersion"))
            {
                throw ApiException.Modified(key);
            }

            if (typed.Text("metadata", "uid") is { Length: > 0 } uid && uid != before.Text("metadata", "uid"))
            {
                throw ApiException.Invalid(key.Kind, key.Name, [Cause.Invalid("metadata.uid", uid, "field is immutable")]);
            }

            var merged = ServerSideApply.Apply(key.Kind, before, typed, subresource, options.Manager, force, time.GetUtcNow());
            var next = Settle(key, subresource, merged, before, options);
            return Take(key, present, next, options, ref tried);
        });
        if ((tried ?? stored) is { } updated)
        {
            return (updated, false);
        }

        if (subresource.Length > 0 || typed.Text("metadata", "uid") is { Length: > 0 })
        {
            throw ApiException.NotFound(key);
        }

        var created = ServerSideApply.Apply(key.Kind, live: null, typed, subresource, options.Manager, force, time.GetUtcNow());
        return (Insert(key.Kind, key.Namespace, created, Admission.Decode(key.Kind, created, options), options, _ => { }), true);
    }

    private StoredObject Insert(ResourceKind kind, string ns, JsonObject json, SchemaCheck check, WriteOptions options, Action<JsonObject> track)
    {
        var metadata = json.Metadata();
        if (kind.Namespaced)
        {
            if (ns.Length == 0)
            {
                throw ApiException.MethodNotAllowed();
            }

            metadata["namespace"] ??= ns;
        }
        else
        {
            metadata.Remove("namespace");
        }

        var key = new ObjectKey(kind, ns, metadata.Text("name") ?? "");
        CheckNamespace(key, json);
        CheckNamespaceExists(key);
        var managed = metadata["managedFields"]?.DeepClone();
        if (kind == ResourceKinds.PersistentVolumeClaim)
        {
            ClaimAdmission.Default(store, json);
        }
        else if (kind == ResourceKinds.Pod)
        {
            LimitRanges.Default(store, ns, json);
        }

        Admission.Prepare(kind, json, before: null, check);
        json.Metadata()["managedFields"] = managed;
        if (managed is null)
        {
            json.Metadata().Remove("managedFields");
        }

        LimitRanges.Check(store, key, json);
        Quota.Check(store, key, json);
        track(json);
        if (!options.DryRun)
        {
            return store.Create(key, json);
        }

        if (store.Get(key) is not null)
        {
            throw ApiException.AlreadyExists(key);
        }

        if (kind.HasGeneration)
        {
            json.Metadata()["generation"] = 1;
        }

        json.Metadata()["uid"] = Guid.NewGuid().ToString();
        json.Metadata()["creationTimestamp"] = KubeJson.Seconds(time.GetUtcNow());
        return new StoredObject(key, json, 0);
    }

    /// <summary>Decodes and prepares the wanted object in the light of the subresource.</summary>
    private JsonObject Settle(ObjectKey key, string subresource, JsonObject json, JsonObject before, WriteOptions options)
    {
        if (subresource == "status")
        {
            Admission.TakeStatus(json, before);
            return json;
        }

        var managed = json.At("metadata", "managedFields")?.DeepClone();
        var (kind, check) = Decode(key.Kind, json, before, options);
        json.Metadata()["name"] ??= key.Name;
        if (key.Kind.Namespaced)
        {
            json.Metadata()["namespace"] ??= key.Namespace;
        }

        Admission.Prepare(kind, json, before, check);
        if (kind == ResourceKinds.PersistentVolumeClaim)
        {
            ClaimAdmission.CheckGrowth(store, key, json, before);
        }

        if (managed is not null)
        {
            json.Metadata()["managedFields"] = managed;
        }

        return json;
    }

    private static bool Take(ObjectKey key, JsonObject present, JsonObject next, WriteOptions options, ref StoredObject? tried)
    {
        if (options.DryRun)
        {
            tried = new StoredObject(key, next, 0);
            return false;
        }

        foreach (var name in present.Select(pair => pair.Key).ToList())
        {
            present.Remove(name);
        }

        foreach (var (name, value) in next)
        {
            present[name] = value?.DeepClone();
        }

        return true;
    }

    private static ResourceKind StoredKind(ResourceKind kind) => kind.Conversion?.Stored ?? kind;

    /// <summary>Reads a body of the request's version and makes it one of the stored version.</summary>
    private static (ResourceKind Kind, SchemaCheck Check) Decode(ResourceKind kind, JsonObject json, JsonObject? before, WriteOptions options)
    {
        var check = Admission.Decode(kind, json, options);
        if (kind.Conversion is not { } conversion)
        {
            return (kind, check);
        }

        conversion.ToStored(json, before);
        return (conversion.Stored, Admission.Decode(conversion.Stored, json, options));
    }

    private static JsonObject WithoutManagers(JsonObject json)
    {
        var copy = json.Copy();
        copy.Metadata().Remove("managedFields");
        return copy;
    }

    private static void CheckNamespace(ObjectKey key, JsonObject json)
    {
        if (json.Text("metadata", "namespace") is { } ns && key.Kind.Namespaced && ns != key.Namespace)
        {
            throw ApiException.BadRequest($"the namespace of the provided object does not match the namespace sent on the request ({ns}, {key.Namespace})");
        }
    }

    private void CheckNamespaceExists(ObjectKey key)
    {
        if (!key.Kind.Namespaced)
        {
            return;
        }

        var ns = new ObjectKey(ResourceKinds.Namespace, "", key.Namespace);
        if ((store.Get(ns) ?? throw ApiException.NotFound(ns)).Deleting)
        {
            throw ApiException.Forbidden(key, $"unable to create new content in namespace {key.Namespace} because it is being terminated");
        }
    }
}
