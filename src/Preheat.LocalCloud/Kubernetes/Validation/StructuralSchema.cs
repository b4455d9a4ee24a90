using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>
/// The fields of a definition's structural schema as the form that pruning and server-side apply work with
/// (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema).
/// </summary>
internal static class StructuralSchema
{
    public const string Preserve = "x-kubernetes-preserve-unknown-fields";
    public const string IntOrString = "x-kubernetes-int-or-string";
    public const string Embedded = "x-kubernetes-embedded-resource";

    /// <summary>The type of a whole object: the definition's fields, and the identity and metadata that every object has.</summary>
    public static Schema Root(JsonObject document)
    {
        var root = Struct(document, document.Flag(Preserve));
        AddIdentity(root);
        return root;
    }

    private static Schema Read(JsonObject document)
    {
        var nullable = document.Flag("nullable");
        if (document.Flag(IntOrString))
        {
            return new Schema { Form = SchemaForm.IntegerOrText, Nullable = nullable };
        }

        switch (document.Text("type"))
        {
            case "object":
                return Object(document, nullable);
            case "array":
                var item = document.Map("items") is { } items ? Read(items) : Schema.Any;
                return new Schema { Form = SchemaForm.List, Item = item, Nullable = nullable, Merge = Merge(document), Keys = Keys(document) };
            case "string":
                return new Schema { Form = SchemaForm.Text, Nullable = nullable };
            case "integer":
                return new Schema { Form = SchemaForm.Integer, Nullable = nullable };
            case "number":
                return new Schema { Form = SchemaForm.Number, Nullable = nullable };
            case "boolean":
                return new Schema { Form = SchemaForm.Boolean, Nullable = nullable };
            default:
                return Schema.Any;
        }
    }

    private static Schema Object(JsonObject document, bool nullable)
    {
        if (document.Flag(Embedded))
        {
            var embedded = Struct(document, document.Flag(Preserve));
            AddIdentity(embedded);
            return embedded;
        }

        if (document["additionalProperties"] is { } values)
        {
            return new Schema { Form = SchemaForm.Map, Item = values is JsonObject value ? Read(value) : Schema.Any, Atomic = IsAtomic(document), Nullable = nullable };
        }

        return document.Map("properties") is null && document.Flag(Preserve) ? Schema.Any : Struct(document, document.Flag(Preserve));
    }

    private static Schema Struct(JsonObject document, bool open)
    {
        var type = new Schema { Form = SchemaForm.Struct, Open = open, Atomic = IsAtomic(document), Nullable = document.Flag("nullable") };
        foreach (var (name, field) in document.Map("properties") ?? [])
        {
            type.Fields[name] = new SchemaField(name, field is JsonObject fields ? Read(fields) : Schema.Any, document.Texts("required").Contains(name));
        }

        return type;
    }

    private static void AddIdentity(Schema type)
    {
        type.Fields["apiVersion"] = new SchemaField("apiVersion", new Schema { Form = SchemaForm.Text }, Required: false);
        type.Fields["kind"] = new SchemaField("kind", new Schema { Form = SchemaForm.Text }, Required: false);
        type.Fields["metadata"] = new SchemaField("metadata", Schemas.ObjectMeta, Required: false);
    }

    private static bool IsAtomic(JsonObject document) => document.Text("x-kubernetes-map-type") == "atomic";

    private static ListMerge Merge(JsonObject document) => document.Text("x-kubernetes-list-type") switch
    {
        "map" => ListMerge.ByKey,
        "set" => ListMerge.Set,
        _ => ListMerge.Atomic,
    };

    private static (string Field, string? Default)[] Keys(JsonObject document) =>
        [.. document.Texts("x-kubernetes-list-map-keys").Select(key => (key, document.At("items", "properties", key, "default").Text()))];
}
