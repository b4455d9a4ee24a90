using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.OpenApi;

/// <summary>
/// <c>/openapi/v2</c>: one document for all kinds, as JSON and in protobuf (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v2).
/// </summary>
internal static class OpenApiV2Document
{
    private const string Protobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    /// <summary>Whether a client asks for protobuf. Clients write the type with an at sign, which is no media type and not answered.</summary>
    public static bool IsProtobuf(string accept) =>
        accept.Contains(Protobuf, StringComparison.Ordinal) || accept.Contains("application/com.github.proto-openapi.spec.v2@v1.0+protobuf", StringComparison.Ordinal);

    public static (Document Json, Document Protobuf) Of(IReadOnlyList<ResourceKind> kinds)
    {
        var paths = new JsonObject();
        foreach (var operation in kinds.SelectMany(ApiOperation.Of))
        {
            paths.Ensure(operation.Path)[operation.Method] = Operation(operation);
        }

        var definitions = OpenApiSchemas.Of(kinds, "#/definitions/");
        foreach (var (_, definition) in definitions)
        {
            Reduce(definition);
        }

        var document = new JsonObject
        {
            ["swagger"] = "2.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = SelfDescription.Version().Text("gitVersion") },
            ["paths"] = paths,
            ["definitions"] = definitions,
        };
        var (json, protobuf) = (KubeJson.Serialize(document), OpenApiProtobuf.Write(document));
        return (new Document("application/json", json, Tag(json)), new Document(Protobuf, protobuf, Tag(protobuf)));
    }

    private static string Tag(byte[] bytes) => $"\"{Convert.ToHexString(SHA256.HashData(bytes))}\"";

    /// <summary>Version 2 has no words for alternatives and nulls: such a field is published without its form, as by the API server.</summary>
    private static void Reduce(JsonNode? schema)
    {
        if (schema is not JsonObject o)
        {
            return;
        }

        foreach (var name in new[] { "allOf", "anyOf", "oneOf", "not", "nullable" })
        {
            o.Remove(name);
        }

        if (o.Remove("x-kubernetes-int-or-string", out _))
        {
            (o["type"], o["format"]) = ("string", "int-or-string");
        }

        if (o.ContainsKey("x-kubernetes-preserve-unknown-fields") && o.Map("properties") is null && o.Text("type") is "object")
        {
            o.Remove("type");
        }

        foreach (var (_, field) in o.Map("properties") ?? [])
        {
            Reduce(field);
        }

        Reduce(o["items"]);
        Reduce(o["additionalProperties"]);
    }

    private static JsonObject Operation(ApiOperation operation)
    {
        var parameters = new JsonArray([.. operation.PathParameters.Select(name => Parameter(name, "path")), .. operation.Query.Select(name => Parameter(name, "query"))]);
        if (operation.Consumes.Count > 0)
        {
            parameters.Insert(0, (JsonNode)new JsonObject
            {
                ["name"] = "body",
                ["in"] = "body",
                ["required"] = true,
                ["schema"] = operation.Action == "patch" ? new JsonObject { ["type"] = "object" } : new JsonObject { ["$ref"] = $"#/definitions/{OpenApiSchemas.NameOf(operation.Kind)}" },
            });
        }

        return new JsonObject
        {
            ["consumes"] = KubeJson.ToArray(operation.Consumes),
            ["produces"] = KubeJson.ToArray(["application/json"]),
            ["parameters"] = parameters,
            ["responses"] = new JsonObject { ["200"] = new JsonObject { ["description"] = "OK" } },
            ["x-kubernetes-action"] = operation.Action,
            ["x-kubernetes-group-version-kind"] = OpenApiSchemas.Type(operation.Kind),
        };
    }

    private static JsonNode Parameter(string name, string place) =>
        new JsonObject { ["name"] = name, ["in"] = place, ["type"] = ApiOperation.ParameterType(name), ["required"] = place == "path" };
}
