using System.Text.Json;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Definitions;

/// <summary>The columns of <c>additionalPrinterColumns</c>.</summary>
internal static class DefinedColumns
{
    public static IEnumerable<TableColumn> Of(DefinedVersion version) => version.Columns.Select(column =>
    {
        var (path, type) = (column.Text("jsonPath") ?? "", column.Text("type"));
        return new TableColumn(column.Text("name") ?? "", (item, now) => Cell(FieldQuery.First(item, path), type, now))
        {
            IsWide = column.Number("priority") > 0,
            IsNumber = type is "integer" or "number",
        };
    });

    private static JsonNode? Cell(JsonNode? value, string? type, DateTimeOffset now) => (value, type) switch
    {
        (null, _) => null,
        (_, "date") => TableColumns.Since(value.Text(), now),
        (JsonValue, "integer" or "number" or "boolean") => value.DeepClone(),
        (JsonValue, _) when value.GetValueKind() == JsonValueKind.String => value.DeepClone(),
        _ => value.ToJsonString(),
    };
}
