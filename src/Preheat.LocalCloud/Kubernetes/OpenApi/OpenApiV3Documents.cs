using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.OpenApi;

/// <summary>
/// <c>/openapi/v3</c>: an index with a hash per group and version, and their documents
/// (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3).
/// </summary>
internal sealed class OpenApiV3Documents(IReadOnlyList<ResourceKind> kinds)
{
    private readonly ConcurrentDictionary<string, Document> _documents = new(StringComparer.Ordinal);

    /// <summary>Where each group and version's document is; the hash in the address changes with its content.</summary>
    public JsonObject Index()
    {
        var paths = new JsonObject();
        foreach (var group in Groups())
        {
            paths[group] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{group}?hash={Of(group)!.Tag!.Trim('"')}" };
        }

        return new JsonObject { ["paths"] = paths };
    }

    /// <summary>The document of <c>api/v1</c> or <c>apis/GROUP/VERSION</c>; null when there is none.</summary>
    public Document? Of(string group) => Groups().Contains(group) ? _documents.GetOrAdd(group, Make) : null;

    private IEnumerable<string> Groups() => kinds.Select(GroupOf).Distinct().Order(StringComparer.Ordinal);

    private static string GroupOf(ResourceKind kind) => kind.Group.Length == 0 ? $"api/{kind.Version}" : $"apis/{kind.Group}/{kind.Version}";

    private Document Make(string group)
    {
        var members = kinds.Where(kind => GroupOf(kind) == group).ToList();
        var paths = new JsonObject();
        foreach (var operation in members.SelectMany(ApiOperation.Of))
        {
            paths.Ensure(operation.Path)[operation.Method] = Operation(operation);
        }

        var json = KubeJson.Serialize(new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = SelfDescription.Version().Text("gitVersion") },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = OpenApiSchemas.Of(members, "#/components/schemas/") },
        });
        return new Document("application/json", json, $"\"{Convert.ToHexString(SHA256.HashData(json))}\"");
    }

    private static JsonObject Operation(ApiOperation operation)
    {
        var reference = new JsonObject { ["$ref"] = $"#/components/schemas/{OpenApiSchemas.NameOf(operation.Kind)}" };
        var json = new JsonObject
        {
            ["parameters"] = new JsonArray([.. operation.PathParameters.Select(name => Parameter(name, "path")), .. operation.Query.Select(name => Parameter(name, "query"))]),
            ["responses"] = new JsonObject { ["200"] = new JsonObject { ["description"] = "OK" } },
            ["x-kubernetes-action"] = operation.Action,
            ["x-kubernetes-group-version-kind"] = OpenApiSchemas.Type(operation.Kind),
        };
        if (operation.Consumes.Count > 0)
        {
            json["requestBody"] = new JsonObject
            {
                ["content"] = new JsonObject(operation.Consumes.Select(type => KeyValuePair.Create<string, JsonNode?>(
                    type, new JsonObject { ["schema"] = operation.Action == "patch" ? new JsonObject { ["type"] = "object" } : reference.DeepClone() }))),
                ["required"] = true,
            };
        }

        return json;
    }

    private static JsonNode Parameter(string name, string place)
    {
        var parameter = new JsonObject { ["name"] = name, ["in"] = place, ["schema"] = new JsonObject { ["type"] = ApiOperation.ParameterType(name) } };
        if (place == "path")
        {
            parameter["required"] = true;
        }

        return parameter;
    }
}
