using System.Text.Json;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Patching;

/// <summary>
/// Holds an applied configuration against its type, in the words of structured-merge-diff (<c>typed/validate.go</c>), which an API server passes on as 500:
/// unknown fields, values of another form, items of one key.
/// </summary>
internal sealed class TypedPatch
{
    private readonly List<string> _errors = [];
    private readonly bool _isDefined;
    private bool _hasBadQuantity;

    private TypedPatch(bool isDefined) => _isDefined = isDefined;

    /// <summary>Throws for a configuration that does not fit. One of another kind is left to what reads bodies.</summary>
    public static void Check(ObjectKey key, JsonObject applied)
    {
        if (applied.Text("apiVersion") != key.Kind.ApiVersion || applied.Text("kind") != key.Kind.Kind)
        {
            return;
        }

        var patch = new TypedPatch(key.Kind.Defined is not null);
        patch.Visit(Schemas.Of(key.Kind), applied, "");
        if (patch._errors.Count > 0)
        {
            throw ApiException.Untypable(key, patch._errors);
        }

        if (patch._hasBadQuantity)
        {
            throw ApiException.Unconvertible(key, Quantity.Expected);
        }
    }

    private void Visit(Schema schema, JsonNode? value, string path)
    {
        switch (schema.Form)
        {
            case var _ when value is null:
            case SchemaForm.Any:
                break;
            case SchemaForm.Struct or SchemaForm.Map when value is JsonObject fields:
                foreach (var (name, item) in fields)
                {
                    if (schema is { Form: SchemaForm.Struct, Open: false } && !schema.Fields.ContainsKey(name))
                    {
                        _errors.Add($"{path}.{name}: field not declared in schema");
                    }
                    else
                    {
                        Visit(schema.Child(name), item, $"{path}.{name}");
                    }
                }

                break;
            case SchemaForm.Struct or SchemaForm.Map:
                _errors.Add($"{path}: expected map, got &{{{Printed(value)}}}");
                break;
            case SchemaForm.List when value is JsonArray items:
                VisitItems(schema, items, path);
                break;
            case SchemaForm.List:
                _errors.Add($"{path}: expected list, got &{{{Printed(value)}}}");
                break;
            case SchemaForm.Integer or SchemaForm.Number when value.GetValueKind() != JsonValueKind.Number:
                _errors.Add($"{path}: expected numeric (int or float), got {TypeOf(value)}");
                break;
            case SchemaForm.Text when value.GetValueKind() != JsonValueKind.String:
                _errors.Add($"{path}: expected string, got &value.valueUnstructured{{Value:{Literal(value)}}}");
                break;
            case SchemaForm.Boolean when value.GetValueKind() is not (JsonValueKind.True or JsonValueKind.False):
                _errors.Add($"{path}: expected boolean, got &{{{Printed(value)}}}");
                break;
            // What a definition calls a number or a text may be anything here; its schema is looked at later.
            case SchemaForm.Quantity or SchemaForm.IntegerOrText when value is not JsonValue && !_isDefined:
                _errors.Add($"{path}: expected any scalar, got &{{{Printed(value)}}}");
                break;
            case SchemaForm.Quantity:
                // Its form is looked at when the patch becomes an object, after all else.
                _hasBadQuantity |= !Quantity.TryParse(value, out _);
                break;
        }
    }

    private void VisitItems(Schema schema, JsonArray items, string path)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < items.Count; at++)
        {
            // An item that is no value of its type has no keys to name it by.
            var hasKeys = schema.Merge is ListMerge.Set || (schema.Merge is ListMerge.ByKey && items[at] is JsonObject);
            var step = hasKeys ? FieldSet.Display([FieldSet.Step(schema, items[at])]) : $"[{at}]";
            if (schema.Merge is ListMerge.ByKey && _isDefined && schema.Keys.All(key => key.Default is null && items[at].At(key.Field) is null))
            {
                _errors.Add($"{path}: element {at}: associative list with keys has an element that omits all key fields [{string.Join(' ', schema.Keys.Select(key => $"\"{key.Field}\""))}] (and doesn't have default values for any key fields)");
                continue;
            }

            if (hasKeys && !seen.Add(step))
            {
                _errors.Add($"{path}: duplicate entries for key {(schema.Merge is ListMerge.Set ? $"[={step[1..]}" : step)}");
            }

            Visit(schema.Item ?? Schema.Any, items[at], path + step);
        }
    }

    private static string TypeOf(JsonNode value) => value.GetValueKind() switch
    {
        JsonValueKind.Array => "[]interface {}",
        JsonValueKind.Object => "map[string]interface {}",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "int64",
        _ => "bool",
    };

    /// <summary>As Go prints a value with <c>%v</c>.</summary>
    private static string Printed(JsonNode? value) => value switch
    {
        null => "<nil>",
        JsonArray items => $"[{string.Join(' ', items.Select(Printed))}]",
        JsonObject fields => $"map[{string.Join(' ', fields.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => $"{field.Key}:{Printed(field.Value)}"))}]",
        _ => value.ToString(),
    };

    /// <summary>As Go prints a value with <c>%#v</c>.</summary>
    private static string Literal(JsonNode? value) => value switch
    {
        null => "interface {}(nil)",
        JsonArray items => $"[]interface {{}}{{{string.Join(", ", items.Select(Literal))}}}",
        JsonObject fields => $"map[string]interface {{}}{{{string.Join(", ", fields.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => $"\"{field.Key}\":{Literal(field.Value)}"))}}}",
        _ => value.ToJsonString(),
    };
}
