using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.OpenApi;

/// <summary>
/// The types that the server validates with, as OpenAPI schemas with the marks of the API server: which fields merge how
/// (<c>x-kubernetes-list-type</c>, <c>-list-map-keys</c>, <c>-map-type</c>, <c>-patch-strategy</c>, <c>-patch-merge-key</c>) and which kind a
/// type is (<c>x-kubernetes-group-version-kind</c>).
/// </summary>
/// <param name="prefix">Where references point: <c>#/components/schemas/</c> in version 3, <c>#/definitions/</c> in version 2.</param>
internal sealed class OpenApiSchemas(string prefix)
{
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

    /// <summary>Types of <c>meta/v1</c>; all others are of the group that names them first.</summary>
    private static readonly HashSet<string> MetaTypes = ["ObjectMeta", "OwnerReference", "LabelSelector", "LabelSelectorRequirement"];

    private readonly SortedDictionary<string, JsonNode?> _schemas = new(StringComparer.Ordinal);

    /// <summary>Schemas of the kinds and of all types they refer to, by name.</summary>
    public static JsonObject Of(IEnumerable<ResourceKind> kinds, string prefix)
    {
        var schemas = new OpenApiSchemas(prefix);
        foreach (var kind in kinds)
        {
            schemas.Add(kind);
        }

        return new JsonObject(schemas._schemas);
    }

    /// <summary>Name of a kind's schema: <c>io.k8s.api.apps.v1.Deployment</c>, <c>com.googleapis.monitoring.v1.PodMonitoring</c>.</summary>
    public static string NameOf(ResourceKind kind) => kind.Defined is null && kind != ResourceKinds.CustomResourceDefinition
        ? BuiltInName(kind.Group, kind.Version, kind.Kind)
        : kind.Defined is null
            ? $"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.{kind.Version}.{kind.Kind}"
            : $"{string.Join('.', kind.Group.Split('.').Reverse())}.{kind.Version}.{kind.Kind}";

    private static string BuiltInName(string group, string version, string type) => $"io.k8s.api.{(group.Length == 0 ? "core" : group.Split('.')[0])}.{version}.{type}";

    private void Add(ResourceKind kind)
    {
        JsonObject schema;
        if (kind.Defined is { } defined)
        {
            schema = defined.Document.Copy();
            var properties = schema.Ensure("properties");
            properties["apiVersion"] = new JsonObject { ["type"] = "string" };
            properties["kind"] = new JsonObject { ["type"] = "string" };
            properties["metadata"] = Reference(Schemas.ObjectMeta, kind);
        }
        else
        {
            var type = Schemas.Of(kind);
            schema = type.Form == SchemaForm.Struct ? Struct(type, kind) : Bare(kind);
        }

        schema["x-kubernetes-group-version-kind"] = new JsonArray(Type(kind));
        _schemas[NameOf(kind)] = schema;
    }

    /// <summary>Group, version and kind as the OpenAPI marks write them.</summary>
    public static JsonObject Type(ResourceKind kind) => new() { ["group"] = kind.Group, ["kind"] = kind.Kind, ["version"] = kind.Version };

    /// <summary>A kind whose bodies are stored as they come.</summary>
    private JsonObject Bare(ResourceKind kind) => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject
        {
            ["apiVersion"] = new JsonObject { ["type"] = "string" },
            ["kind"] = new JsonObject { ["type"] = "string" },
            ["metadata"] = Reference(Schemas.ObjectMeta, kind),
        },
        [StructuralSchema.Preserve] = true,
    };

    private JsonObject Struct(Schema type, ResourceKind owner)
    {
        var properties = new JsonObject();
        foreach (var field in type.Fields.Values.OrderBy(field => field.Name, StringComparer.Ordinal))
        {
            properties[field.Name] = Value(field.Type, owner);
        }

        var schema = new JsonObject { ["type"] = "object" };
        if (properties.Count > 0)
        {
            schema["properties"] = properties;
        }

        var required = type.Fields.Values.Where(field => field.Required).Select(field => field.Name).Order(StringComparer.Ordinal).ToList();
        if (required.Count > 0)
        {
            schema["required"] = KubeJson.ToArray(required);
        }

        if (type.Atomic)
        {
            schema["x-kubernetes-map-type"] = "atomic";
        }

        if (type.Open)
        {
            schema[StructuralSchema.Preserve] = true;
        }

        return schema;
    }

    private JsonObject Reference(Schema type, ResourceKind owner)
    {
        var name = MetaTypes.Contains(type.Name) ? Meta + type.Name : BuiltInName(owner.Defined is null ? owner.Group : "", owner.Defined is null ? owner.Version : "v1", type.Name);
        if (!_schemas.ContainsKey(name))
        {
            // The name first: types may refer to themselves.
            _schemas[name] = null;
            _schemas[name] = Struct(type, owner);
        }

        return new JsonObject { ["$ref"] = prefix + name };
    }

    private JsonObject Value(Schema type, ResourceKind owner)
    {
        switch (type.Form)
        {
            case SchemaForm.Struct:
                return Reference(type, owner);
            case SchemaForm.Text:
                var text = new JsonObject { ["type"] = "string" };
                if (type.Allowed.Count > 0)
                {
                    text["enum"] = KubeJson.ToArray(type.Allowed);
                }

                return text;
            case SchemaForm.Integer:
                return new JsonObject { ["type"] = "integer", ["format"] = "int64" };
            case SchemaForm.Number:
                return new JsonObject { ["type"] = "number", ["format"] = "double" };
            case SchemaForm.Boolean:
                return new JsonObject { ["type"] = "boolean" };
            case SchemaForm.Quantity:
                return new JsonObject { ["$ref"] = prefix + Scalar("io.k8s.apimachinery.pkg.api.resource.Quantity", new JsonObject { ["type"] = "string" }) };
            case SchemaForm.IntegerOrText:
                return new JsonObject { ["$ref"] = prefix + Scalar("io.k8s.apimachinery.pkg.util.intstr.IntOrString", new JsonObject { ["type"] = "string", ["format"] = "int-or-string" }) };
            case SchemaForm.Map:
                var map = new JsonObject { ["type"] = "object", ["additionalProperties"] = Value(type.Item!, owner) };
                if (type.Atomic)
                {
                    map["x-kubernetes-map-type"] = "atomic";
                }

                return map;
            case SchemaForm.List:
                return List(type, owner);
            default:
                return new JsonObject { [StructuralSchema.Preserve] = true };
        }
    }

    private JsonObject List(Schema type, ResourceKind owner)
    {
        var list = new JsonObject { ["type"] = "array", ["items"] = Value(type.Item!, owner) };
        switch (type.Merge)
        {
            case ListMerge.ByKey:
                list["x-kubernetes-list-type"] = "map";
                list["x-kubernetes-list-map-keys"] = KubeJson.ToArray(type.Keys.Select(key => key.Field));
                list["x-kubernetes-patch-strategy"] = "merge";
                list["x-kubernetes-patch-merge-key"] = type.Keys[0].Field;
                break;
            case ListMerge.Set:
                list["x-kubernetes-list-type"] = "set";
                list["x-kubernetes-patch-strategy"] = "merge";
                break;
            default:
                list["x-kubernetes-list-type"] = "atomic";
                break;
        }

        return list;
    }

    private string Scalar(string name, JsonObject schema)
    {
        _schemas.TryAdd(name, schema);
        return name;
    }
}
