using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>
/// Objects as a table, for a client that asks for <c>application/json;as=Table;v=v1;g=meta.k8s.io</c>: the columns of <c>kubectl get</c>
/// (https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables).
/// </summary>
internal sealed class TableView(ResourceKind kind, string include, DateTimeOffset now)
{
    private readonly IReadOnlyList<TableColumn> _columns = TableColumns.Of(kind);

    /// <summary>Null for a client that wants the objects themselves.</summary>
    public static TableView? Asked(HttpContext context, ResourceKind kind, TimeProvider time)
    {
        // The first form that the client names is the one it likes best.
        var parts = context.Request.Headers.Accept.ToString().Split(',')[0].Split(';', StringSplitOptions.TrimEntries);
        if (!parts.Contains("as=Table") || !parts.Contains("v=v1") || !parts.Contains("g=meta.k8s.io"))
        {
            return null;
        }

        var include = context.Request.Query["includeObject"].ToString();
        return include is "" or "Metadata" or "Object" or "None"
            ? new TableView(kind, include, time.GetUtcNow())
            : throw ApiException.BadRequest($"unrecognized includeObject value \"{include}\"");
    }

    /// <summary>The table of some objects; <paramref name="metadata"/> is the list's.</summary>
    public JsonObject Of(IEnumerable<JsonObject> items, JsonObject metadata) => new()
    {
        ["kind"] = "Table",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = metadata,
        ["columnDefinitions"] = new JsonArray([.. _columns.Select(Definition)]),
        ["rows"] = new JsonArray([.. items.Select(Row)]),
    };

    /// <summary>The table of one object.</summary>
    public JsonObject Of(JsonObject item) => Of([item], new JsonObject { ["resourceVersion"] = item.Text("metadata", "resourceVersion") });

    private static JsonNode Definition(TableColumn column) => new JsonObject
    {
        ["name"] = column.Name,
        ["type"] = column.IsNumber ? "integer" : "string",
        ["format"] = column.Name == "Name" ? "name" : "",
        ["description"] = "",
        ["priority"] = column.IsWide ? 1 : 0,
    };

    private JsonNode Row(JsonObject item)
    {
        var row = new JsonObject { ["cells"] = new JsonArray([.. _columns.Select(column => column.Cell(item, now))]) };
        row["object"] = include switch
        {
            "None" => null,
            "Object" => item.DeepClone(),
            _ => new JsonObject { ["kind"] = "PartialObjectMetadata", ["apiVersion"] = "meta.k8s.io/v1", ["metadata"] = item["metadata"]?.DeepClone() },
        };
        return row;
    }
}
