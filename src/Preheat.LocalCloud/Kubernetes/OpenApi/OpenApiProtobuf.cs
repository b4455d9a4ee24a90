using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.OpenApi;

/// <summary>
/// An OpenAPI 2 document as the message <c>openapi.v2.Document</c> of gnostic (https://github.com/google/gnostic, OpenAPIv2.proto), which
/// kubectl asks for. Only the fields that <see cref="OpenApiV2Document"/> uses are written; the numbers are those of that file.
/// </summary>
internal sealed class OpenApiProtobuf
{
    private readonly MemoryStream _out = new();

    public static byte[] Write(JsonObject document) => Message(message =>
    {
        message.Text(1, document.Text("swagger"));
        message.Nested(2, info =>
        {
            info.Text(1, document.Text("info", "title"));
            info.Text(2, document.Text("info", "version"));
        });
        message.Nested(8, paths => paths.Named(2, document.Map("paths"), (item, path) => item.PathItem(path)));
        message.Nested(9, definitions => definitions.Named(1, document.Map("definitions"), (item, schema) => item.Schema(schema)));
    });

    private static byte[] Message(Action<OpenApiProtobuf> write)
    {
        var message = new OpenApiProtobuf();
        write(message);
        return message._out.ToArray();
    }

    private void PathItem(JsonObject path)
    {
        foreach (var (method, number) in new[] { ("get", 2), ("put", 3), ("post", 4), ("delete", 5), ("patch", 8) })
        {
            if (path.Map(method) is { } operation)
            {
                Nested(number, item => item.Operation(operation));
            }
        }
    }

    private void Operation(JsonObject operation)
    {
        foreach (var type in operation.Texts("produces"))
        {
            Text(6, type);
        }

        foreach (var type in operation.Texts("consumes"))
        {
            Text(7, type);
        }

        foreach (var parameter in operation.Objects("parameters"))
        {
            // ParametersItem.parameter, then one of its forms.
            Nested(8, item => item.Nested(1, form => form.Parameter(parameter)));
        }

        Nested(9, responses => responses.Named(1, operation.Map("responses"), (value, response) => value.Nested(1, text => text.Text(1, response.Text("description")))));
        Extensions(13, operation);
    }

    private void Parameter(JsonObject parameter)
    {
        var place = parameter.Text("in");
        if (place == "body")
        {
            Nested(1, body =>
            {
                body.Text(2, parameter.Text("name"));
                body.Text(3, place);
                body.Flag(4, parameter.Flag("required"));
                body.Nested(5, schema => schema.Schema(parameter.Map("schema") ?? []));
            });
            return;
        }

        // NonBodyParameter: in a query the type has the number 6, in a path 5.
        Nested(2, other => other.Nested(place == "query" ? 3 : 4, form =>
        {
            form.Flag(1, parameter.Flag("required"));
            form.Text(2, place);
            form.Text(4, parameter.Text("name"));
            form.Text(place == "query" ? 6 : 5, parameter.Text("type"));
        }));
    }

    private void Schema(JsonObject schema)
    {
        Text(1, schema.Text("$ref"));
        Text(2, schema.Text("format"));
        Text(4, schema.Text("description"));
        if (schema["default"] is { } otherwise)
        {
            Nested(5, any => any.Any(otherwise));
        }

        foreach (var (name, number) in new[] { ("multipleOf", 6), ("maximum", 7), ("minimum", 9) })
        {
            Double(number, schema[name]);
        }

        Flag(8, schema.Flag("exclusiveMaximum"));
        Flag(10, schema.Flag("exclusiveMinimum"));
        Text(13, schema.Text("pattern"));
        foreach (var (name, number) in new[] { ("maxLength", 11), ("minLength", 12), ("maxItems", 14), ("minItems", 15), ("maxProperties", 17), ("minProperties", 18) })
        {
            Integer(number, schema.Number(name) ?? 0);
        }

        foreach (var name in schema.Texts("required"))
        {
            Text(19, name);
        }

        foreach (var value in (schema.Items("enum") ?? []).OfType<JsonNode>())
        {
            Nested(20, any => any.Any(value));
        }

        if (schema.Map("additionalProperties") is { } values)
        {
            Nested(21, item => item.Nested(1, value => value.Schema(values)));
        }

        if (schema.Text("type") is { } type)
        {
            Nested(22, item => item.Text(1, type));
        }

        if (schema.Map("items") is { } items)
        {
            Nested(23, item => item.Nested(1, value => value.Schema(items)));
        }

        if (schema.Map("properties") is { } properties)
        {
            Nested(25, item => item.Named(1, properties, (field, value) => field.Schema(value)));
        }

        Extensions(31, schema);
    }

    /// <summary>The <c>x-…</c> fields, whose values are YAML; JSON is.</summary>
    private void Extensions(int number, JsonObject json)
    {
        foreach (var (name, value) in json.Where(pair => pair.Key.StartsWith("x-", StringComparison.Ordinal) && pair.Value is not null))
        {
            Nested(number, named =>
            {
                named.Text(1, name);
                named.Nested(2, any => any.Any(value!));
            });
        }
    }

    private void Any(JsonNode value) => Text(2, value.ToJsonString());

    /// <summary>A map as repeated pairs of name (1) and value (2).</summary>
    private void Named(int number, JsonObject? map, Action<OpenApiProtobuf, JsonObject> write)
    {
        foreach (var (name, value) in map ?? [])
        {
            Nested(number, pair =>
            {
                pair.Text(1, name);
                pair.Nested(2, item => write(item, value as JsonObject ?? []));
            });
        }
    }

    private void Nested(int number, Action<OpenApiProtobuf> write) => Bytes(number, Message(write));

    private void Text(int number, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            Bytes(number, Encoding.UTF8.GetBytes(text));
        }
    }

    private void Bytes(int number, byte[] bytes)
    {
        Varint(((ulong)number << 3) | 2);
        Varint((ulong)bytes.Length);
        _out.Write(bytes);
    }

    private void Flag(int number, bool value) => Integer(number, value ? 1 : 0);

    private void Integer(int number, long value)
    {
        if (value != 0)
        {
            Varint((ulong)number << 3);
            Varint((ulong)value);
        }
    }

    private void Double(int number, JsonNode? value)
    {
        if (value is JsonValue && value.GetValueKind() == JsonValueKind.Number && double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture) is var real and not 0)
        {
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteDoubleLittleEndian(bytes, real);
            Varint(((ulong)number << 3) | 1);
            _out.Write(bytes);
        }
    }

    private void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            _out.WriteByte((byte)(value | 0x80));
            value >>= 7;
        }

        _out.WriteByte((byte)value);
    }
}
