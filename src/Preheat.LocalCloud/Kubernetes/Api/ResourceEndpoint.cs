using System.Buffers;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Kubernetes.Patching;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>The verbs on objects and collections, the same for every kind.</summary>
internal sealed class ResourceEndpoint(ObjectStore store, ObjectWriter writer, Deletion deletion, TimeProvider time)
{
    /// <summary>Bytes of a list that are sent together.</summary>
    private const int FlushAfter = 64 * 1024;

    private static readonly string[] PatchTypes =
        ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml"];

    public Task HandleAsync(HttpContext context, ApiPath path)
    {
        var (kind, method) = (path.Kind, context.Request.Method);
        if (path.Subresource is not "" && !(path.Subresource == "status" && kind.HasStatus) && !(path.Subresource == "scale" && kind.HasScale)
            && !(path.Subresource == "finalize" && kind == ResourceKinds.Namespace))
        {
            throw ApiException.NoResource();
        }

        if (path.Subresource == "scale")
        {
            return ScaleAsync(context, path);
        }

        return (method, path.Name) switch
        {
            ("GET" or "HEAD", "") => ListAsync(context, path),
            ("GET" or "HEAD", _) => GetAsync(context, path),
            ("POST", "") => CreateAsync(context, path),
            ("PUT", not "") => ReplaceAsync(context, path),
            ("PATCH", not "") => PatchAsync(context, path),
            ("DELETE", "") => DeleteCollectionAsync(context, path),
            ("DELETE", _) when path.Subresource.Length == 0 => DeleteAsync(context, path),
            _ => throw ApiException.MethodNotAllowed(),
        };
    }

    private StoredObject Get(ObjectKey key) => store.Get(key) ?? throw ApiException.NotFound(key);

    private Task GetAsync(HttpContext context, ApiPath path)
    {
        var found = Get(path.Key);
        return TableView.Asked(context, path.Kind, time) is { } table ? Bodies.WriteAsync(context, 200, table.Of(found.Json)) : Bodies.WriteAsync(context, 200, VersionView.Of(found, path.Kind));
    }

    private Task ListAsync(HttpContext context, ApiPath path)
    {
        var query = context.Request.Query;
        var (labels, fields) = (LabelSelector.Parse(query["labelSelector"]), FieldSelector.Parse(path.Kind, query["fieldSelector"]));
        var options = ListOptions.Read(query, store.Version);
        var version = options.Exact ?? 0;
        var objects = options.Exact is { } exact
            ? store.ListAt(path.Kind, path.Namespace, exact) ?? throw ApiException.ContinueExpired(exact, options.After)
            : store.List(path.Kind, path.Namespace, out version);

        // A page continues behind the last key of the page before it, in the same version of the collection.
        var all = objects.Where(item => labels.Matches(item) && fields.Matches(item))
            .Where(item => options.After.Length == 0 || ObjectKey.CompareNames(item.Key, options.After) > 0).ToList();
        var page = all.Take(options.Limit).ToList();
        var metadata = new JsonObject { ["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture) };
        if (page.Count < all.Count)
        {
            metadata["continue"] = ListOptions.Token(version, $"{page[^1].Namespace}/{page[^1].Name}");
            if (query["labelSelector"].Count + query["fieldSelector"].Count == 0)
            {
                metadata["remainingItemCount"] = all.Count - page.Count;
            }
        }

        return TableView.Asked(context, path.Kind, time) is { } table
            ? Bodies.WriteAsync(context, 200, table.Of(page.Select(item => item.Json), metadata))
            : WriteListAsync(context, path.Kind, metadata, page);
    }

    /// <summary>Items are written from the bytes that the store has of them: a large list costs no second tree.</summary>
    private static async Task WriteListAsync(HttpContext context, ResourceKind kind, JsonObject metadata, List<StoredObject> items)
    {
        context.Response.ContentType = "application/json";
        var body = context.Response.BodyWriter;
        var head = KubeJson.Serialize(new JsonObject { ["kind"] = kind.ListKind, ["apiVersion"] = kind.ApiVersion, ["metadata"] = metadata });
        body.Write(head.AsSpan(..^1));
        body.Write(",\"items\":["u8);
        for (var at = 0; at < items.Count; at++)
        {
            body.Write(at > 0 ? ","u8 : []);
            body.Write(VersionView.Of(items[at], kind));
            if (body.UnflushedBytes > FlushAfter)
            {
                await body.FlushAsync(context.RequestAborted);
            }
        }

        body.Write("]}"u8);
        await body.FlushAsync(context.RequestAborted);
    }

    private async Task CreateAsync(HttpContext context, ApiPath path)
    {
        var json = await Bodies.ReadObjectAsync(context);
        var created = writer.Create(path.Kind, path.Namespace, json, Options(context));
        await Bodies.WriteAsync(context, 201, VersionView.Of(created, path.Kind));
    }

    private async Task ReplaceAsync(HttpContext context, ApiPath path)
    {
        var json = await Bodies.ReadObjectAsync(context);
        CheckName(path, json);
        var stored = writer.Update(path.Key, path.Subresource, _ => json, Options(context));
        await Bodies.WriteAsync(context, 200, VersionView.Of(stored, path.Kind));
    }

    private async Task PatchAsync(HttpContext context, ApiPath path)
    {
        var type = Bodies.MediaType(context.Request);
        if (!PatchTypes.Contains(type))
        {
            throw ApiException.UnsupportedMediaType(type, PatchTypes);
        }

        var body = await Bodies.ReadAsync(context);
        if (type == "application/apply-patch+yaml")
        {
            var (applied, created) = writer.Apply(path.Key, path.Subresource, ReadApply(context, path, body), context.Request.Query["force"] == "true", Options(context));
            await Bodies.WriteAsync(context, created ? 201 : 200, VersionView.Of(applied, path.Kind));
            return;
        }

        var patch = KubeJson.Parse(body);
        var stored = writer.Update(path.Key, path.Subresource, present =>
        {
            var next = Patched(path, type, present, patch);
            CheckName(path, next);
            return next;
        }, Options(context));
        await Bodies.WriteAsync(context, 200, VersionView.Of(stored, path.Kind));
    }

    private static JsonObject ReadApply(HttpContext context, ApiPath path, byte[] body)
    {
        if (string.IsNullOrEmpty(context.Request.Query["fieldManager"]))
        {
            throw ApiException.InvalidOption("PatchOptions", new Cause("FieldValueRequired", "Required value: is required for apply patch", "fieldManager"));
        }

        var json = YamlBody.Parse(body) as JsonObject ?? throw ApiException.BadRequest("the body is no object");
        if (json.Text("apiVersion") is null || json.Text("kind") is null)
        {
            throw ApiException.BadRequest("invalid object type: apiVersion and kind are required for apply");
        }

        if (json.Items("metadata", "managedFields") is { Count: > 0 })
        {
            throw ApiException.BadRequest("metadata.managedFields must be nil");
        }

        CheckName(path, json);
        return json;
    }

    private static JsonObject Patched(ApiPath path, string type, JsonObject present, JsonNode? patch)
    {
        var next = present.Copy();
        switch (type, patch)
        {
            case ("application/json-patch+json", JsonArray operations):
                return Patches.Json(path.Key, next, operations);
            case ("application/merge-patch+json", JsonObject fields):
                Patches.Merge(next, fields);
                return next;
            case ("application/strategic-merge-patch+json", JsonObject fields) when path.Kind.Defined is null:
                Patches.Strategic(Schemas.Of(path.Kind), next, fields);
                return next;
            case ("application/strategic-merge-patch+json", JsonObject):
                throw ApiException.UnsupportedMediaType(type, PatchTypes.Where(item => item != type));
            default:
                throw ApiException.BadRequest("the body does not fit the patch's content type");
        }
    }

    private static void CheckName(ApiPath path, JsonObject json)
    {
        if (json.Text("metadata", "name") is { } name && name != path.Name)
        {
            throw ApiException.BadRequest($"the name of the object ({name}) does not match the name on the URL ({path.Name})");
        }
    }

    private async Task DeleteAsync(HttpContext context, ApiPath path)
    {
        var options = await DeleteOptions.ReadAsync(context);
        var (stored, gone) = deletion.Delete(path.Key, options);
        await Bodies.WriteAsync(context, 200, gone && path.Kind != ResourceKinds.Pod
            ? new JsonObject
            {
                ["kind"] = "Status",
                ["apiVersion"] = "v1",
                ["metadata"] = new JsonObject(),
                ["status"] = "Success",
                ["details"] = ApiException.Details(path.Kind.Plural, path.Key, stored.Uid),
            }
            : stored.Json);
    }

    private async Task DeleteCollectionAsync(HttpContext context, ApiPath path)
    {
        var query = context.Request.Query;
        var (labels, fields) = (LabelSelector.Parse(query["labelSelector"]), FieldSelector.Parse(path.Kind, query["fieldSelector"]));
        var options = await DeleteOptions.ReadAsync(context);
        var items = new List<StoredObject>();
        foreach (var item in store.List(path.Kind, path.Namespace).Where(item => labels.Matches(item) && fields.Matches(item)))
        {
            deletion.Delete(item.Key, options);
            items.Add(item);
        }

        await WriteListAsync(context, path.Kind, new JsonObject { ["resourceVersion"] = store.Version.ToString(CultureInfo.InvariantCulture) }, items);
    }

    private async Task ScaleAsync(HttpContext context, ApiPath path)
    {
        if (context.Request.Method == "GET")
        {
            await Bodies.WriteAsync(context, 200, Scale.Of(Get(path.Key)));
            return;
        }

        JsonNode? body = context.Request.Method switch
        {
            "PUT" => await Bodies.ReadObjectAsync(context),
            "PATCH" => KubeJson.Parse(await Bodies.ReadAsync(context)),
            _ => throw ApiException.MethodNotAllowed(),
        };
        var type = Bodies.MediaType(context.Request);
        var stored = writer.Update(path.Key, "scale", present =>
        {
            var wanted = context.Request.Method == "PUT" ? (JsonObject)body! : Patched(path, type, Scale.Of(new StoredObject(path.Key, present, 0)), body);
            Scale.Set(path.Kind, present, wanted.Number("spec", "replicas") ?? 0);
            present.Metadata()["resourceVersion"] = wanted.Text("metadata", "resourceVersion");
            return present;
        }, Options(context));
        await Bodies.WriteAsync(context, 200, Scale.Of(stored));
    }

    private static WriteOptions Options(HttpContext context)
    {
        var query = context.Request.Query;
        var kind = context.Request.Method switch { "POST" => "CreateOptions", "PUT" => "UpdateOptions", _ => "PatchOptions" };
        var manager = query["fieldManager"].ToString();
        if (manager.Length == 0)
        {
            var agent = context.Request.Headers.UserAgent.ToString();
            manager = agent.Split('/', ' ')[0] is { Length: > 0 } product ? product : "unknown";
        }

        if (manager.Length > 128)
        {
            throw ApiException.InvalidOption(kind, new Cause("FieldValueTooLong", "Too long: may not be more than 128 bytes", "fieldManager"));
        }

        if (query["dryRun"].ToString() is { Length: > 0 } dryRun and not "All")
        {
            throw ApiException.InvalidOption(kind, new Cause("FieldValueNotSupported", $"Unsupported value: [\"{dryRun}\"]: supported values: \"All\"", "dryRun"));
        }

        var validates = query["fieldValidation"].ToString();
        if (validates is not ("" or "Ignore" or "Warn" or "Strict"))
        {
            throw ApiException.InvalidOption(kind, new Cause("FieldValueNotSupported", $"Unsupported value: \"{validates}\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"", "fieldValidation"));
        }

        return new WriteOptions(manager, query["dryRun"] == "All", validates.Length > 0 ? validates : "Warn")
        {
            Warn = text => context.Response.Headers.Append("Warning", $"299 - \"{text.Replace("\"", "\\\"", StringComparison.Ordinal)}\""),
        };
    }
}
