using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Preheat.Kubernetes;

public sealed partial class KubernetesClient
{
    private const int PageSize = 500;

    /// <summary>All objects that match, page by page.</summary>
    public Task<ObjectList> ListAsync(KubernetesKind kind, ObjectFilter filter, CancellationToken cancellation) =>
        ListAsync(kind, filter, isLean: false, cancellation);

    private async Task<ObjectList> ListAsync(KubernetesKind kind, ObjectFilter filter, bool isLean, CancellationToken cancellation)
    {
        var resource = await _discovery.GetAsync(kind, cancellation);
        var items = new List<KubernetesObject>();
        string? next = null;
        while (true)
        {
            var path = $"{resource.Path(filter.Namespace)}?limit={PageSize}{QueryOf(filter)}{(next is null ? "" : "&continue=" + Uri.EscapeDataString(next))}";
            (List<JsonObject> Items, JsonObject? Metadata) page;
            try
            {
                page = await PageAsync(path, $"list {resource.Plural}", isLean, cancellation);
            }
            catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Gone && next is not null)
            {
                // The list took so long that its snapshot is gone: begin again.
                (next, items) = (null, []);
                continue;
            }
            items.AddRange(page.Items.Select(item => Typed(item, kind)));
            next = page.Metadata.Text("continue");
            if (string.IsNullOrEmpty(next))
                return new(items, page.Metadata.Text("resourceVersion") ?? "0");
        }
    }

    private static string QueryOf(ObjectFilter filter) =>
        (filter.Labels is null ? "" : "&labelSelector=" + Uri.EscapeDataString(filter.Labels)) + (filter.Fields is null ? "" : "&fieldSelector=" + Uri.EscapeDataString(filter.Fields));

    // Items of a list carry neither kind nor apiVersion.
    private static KubernetesObject Typed(JsonObject item, KubernetesKind kind)
    {
        item["apiVersion"] ??= kind.ApiVersion;
        item["kind"] ??= kind.Kind;
        return new(item);
    }

    private async Task<(List<JsonObject> Items, JsonObject? Metadata)> PageAsync(string path, string doing, bool isLean, CancellationToken cancellation)
    {
        var body = await BytesAsync(() => new(HttpMethod.Get, path), doing, cancellation);
        try
        {
            if (isLean)
                return LeanJson.ReadList(body);
            var page = JsonNode.Parse(body);
            return ([.. page.Items("items")], page.At("metadata") as JsonObject);
        }
        catch (JsonException exception)
        {
            throw NoJson(doing, exception);
        }
    }
}
