using System.Text.Json;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>Holds a body against its type: drops what is unknown and remembers it, finds wrong types, missing and unsupported values.</summary>
internal sealed class SchemaCheck
{
    private readonly List<string> _unknown = [];
    private readonly List<string> _mistyped = [];
    private readonly List<Cause> _causes = [];

    /// <summary>Only drops what is unknown; the values are held against the definition's schema afterwards (<see cref="StructuralRules"/>).</summary>
    private bool _prunesOnly;

    private SchemaCheck(bool prunesOnly) => _prunesOnly = prunesOnly;

    /// <summary>Paths of fields that the type does not have; they are gone from the body.</summary>
    public IReadOnlyList<string> Unknown => _unknown;

    /// <summary>Sentences about values of the wrong form: the body cannot be read at all (400).</summary>
    public IReadOnlyList<string> Mistyped => _mistyped;

    /// <summary>Missing and unsupported values (422).</summary>
    public IReadOnlyList<Cause> Causes => _causes;

    /// <summary>Checks <paramref name="json"/> and removes unknown fields and nulls from it.</summary>
    public static SchemaCheck Run(ResourceKind kind, JsonObject json)
    {
        var schema = Schemas.Of(kind);
        var check = new SchemaCheck(kind.Defined is not null);
        check.Visit(schema, json, "");
        return check;
    }

    private void Visit(Schema schema, JsonNode node, string path)
    {
        switch (schema.Form)
        {
            case SchemaForm.Struct when node is JsonObject o:
                VisitStruct(schema, o, path);
                break;
            case SchemaForm.Map when node is JsonObject o:
                foreach (var (name, value) in o.ToList())
                {
                    if (value is null)
                    {
                        o[name] = schema.Item!.Form == SchemaForm.Text ? "" : null;
                    }
                    else
                    {
                        Visit(schema.Item!, value, $"{path}[{name}]");
                    }
                }

                break;
            case SchemaForm.List when node is JsonArray list:
                VisitList(schema, list, path);
                break;
            case SchemaForm.Quantity:
                if (!Quantity.TryParse(node, out _))
                {
                    _mistyped.Add($"{path}: {Quantity.Expected}");
                }

                break;
            case SchemaForm.Text when node.Text() is { } text:
                if (schema.Allowed.Count > 0 && text.Length > 0 && !schema.Allowed.Contains(text))
                {
                    _causes.Add(Cause.Unsupported(path, text, schema.Allowed));
                }

                break;
            case var _ when _prunesOnly:
            case SchemaForm.Any:
            case SchemaForm.Number when node.GetValueKind() == JsonValueKind.Number:
            case SchemaForm.Integer or SchemaForm.IntegerOrText when node.Number() is not null:
            case SchemaForm.IntegerOrText when node.Text() is not null:
            case SchemaForm.Boolean when node.GetValueKind() is JsonValueKind.True or JsonValueKind.False:
                break;
            default:
                _mistyped.Add($"json: cannot unmarshal {Describe(node)} into Go struct field {path} of type {Describe(schema)}");
                break;
        }
    }

    private void VisitStruct(Schema schema, JsonObject o, string path)
    {
        foreach (var (name, value) in o.ToList())
        {
            var at = path.Length == 0 ? name : $"{path}.{name}";
            if (!schema.Fields.TryGetValue(name, out var field))
            {
                if (!schema.Open)
                {
                    _unknown.Add(at);
                    o.Remove(name);
                }
            }
            else if (value is null)
            {
                if (!field.Type.Nullable)
                {
                    o.Remove(name);
                }
            }
            else
            {
                // An object's own metadata is of the server's types, whoever defined the rest.
                var outer = _prunesOnly;
                _prunesOnly &= at != "metadata";
                Visit(field.Type, value, at);
                _prunesOnly = outer;
            }
        }

        foreach (var field in schema.Fields.Values.Where(field => field.Required && !_prunesOnly && IsMissing(field, o[field.Name])))
        {
            _causes.Add(Cause.Required(path.Length == 0 ? field.Name : $"{path}.{field.Name}"));
        }
    }

    private void VisitList(Schema schema, JsonArray list, string path)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < list.Count; at++)
        {
            if (list[at] is not { } item)
            {
                if (_prunesOnly)
                {
                    continue;
                }

                _mistyped.Add($"json: cannot unmarshal null into Go struct field {path} of type {Describe(schema.Item!)}");
                continue;
            }

            Visit(schema.Item!, item, $"{path}[{at}]");

            // The same number may be offered under two names; every other key tells items apart.
            if (!_prunesOnly && schema.Merge == ListMerge.ByKey && schema.Keys[0].Field is "name" or "mountPath" && item.Text(schema.Keys[0].Field) is { Length: > 0 } key && !seen.Add(key)
                && schema.Item!.Name != "EnvVar")
            {
                var field = schema.Keys[0].Field;
                _causes.Add(field == "mountPath" ? Cause.Invalid($"{path}[{at}].{field}", key, "must be unique") : Cause.Duplicate($"{path}[{at}].{field}", key));
            }
        }
    }

    /// <summary>Zero values of texts count as missing, as they do behind the API server's own types.</summary>
    private static bool IsMissing(SchemaField field, JsonNode? value) => value is null
        || (field.Type.Form == SchemaForm.Text && value.Text() is { Length: 0 })
        || (field.Type.Form == SchemaForm.List && value is JsonArray { Count: 0 });

    private static string Describe(JsonNode node) => node.GetValueKind() switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => $"number{(node.Number() is null ? " " + node.ToJsonString() : "")}",
        _ => "bool",
    };

    private static string Describe(Schema schema) => schema.Form switch
    {
        SchemaForm.Text => "string",
        SchemaForm.Integer => "int32",
        SchemaForm.Number => "float64",
        SchemaForm.Boolean => "bool",
        SchemaForm.Map => $"map[string]{Describe(schema.Item!)}",
        SchemaForm.List => $"[]{Describe(schema.Item!)}",
        SchemaForm.IntegerOrText => "intstr.IntOrString",
        _ => schema.Name,
    };
}
