using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Protobuf;

/// <summary>
/// Bodies of type <c>application/vnd.kubernetes.protobuf</c>, which kubectl 1.31 and later send for built-in kinds: the four bytes <c>k8s\0</c>, then a
/// <c>runtime.Unknown</c> that names the kind and holds its message
/// (https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding). Answers stay JSON, which those clients accept too.
/// </summary>
internal static class ProtobufBody
{
    public const string MediaType = "application/vnd.kubernetes.protobuf";

    private const int MaxDepth = 64;

    private static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    /// <summary>The object that a body holds, as its JSON would be.</summary>
    /// <exception cref="ApiException">400: no such body. 415: a kind without a message of its own, as those of definitions are.</exception>
    public static JsonObject Read(ReadOnlySpan<byte> body)
    {
        try
        {
            if (!body.StartsWith(Magic))
            {
                throw new FormatException("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
            }

            var raw = Envelope(body[Magic.Length..], out var apiVersion, out var kind);
            var message = ProtobufMessages.OfKind(apiVersion, kind) ?? throw ApiException.UnsupportedMediaType(MediaType, ["application/json", "application/yaml"]);
            var json = new JsonObject { ["apiVersion"] = apiVersion, ["kind"] = kind };
            Message(message, raw, json, depth: 0);
            return json;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            throw ApiException.BadRequest($"the body is no {MediaType}: {e.Message}");
        }
    }

    /// <summary>The message inside a <c>runtime.Unknown</c>: <c>typeMeta = 1</c>, <c>raw = 2</c>.</summary>
    private static ReadOnlySpan<byte> Envelope(ReadOnlySpan<byte> unknown, out string apiVersion, out string kind)
    {
        (apiVersion, kind) = ("", "");
        var raw = ReadOnlySpan<byte>.Empty;
        var reader = new ProtobufReader(unknown);
        while (reader.Next())
        {
            if (reader.Number == 1)
            {
                var type = new ProtobufReader(reader.Bytes);
                while (type.Next())
                {
                    (apiVersion, kind) = type.Number == 1 ? (type.Text, kind) : (apiVersion, type.Text);
                }
            }
            else if (reader.Number == 2)
            {
                raw = reader.Bytes;
            }
        }

        return raw;
    }

    private static void Message(string name, ReadOnlySpan<byte> bytes, JsonObject json, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new FormatException("nested too deep");
        }

        var fields = ProtobufMessages.Fields(name);
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            // What a newer client knows more of is passed over, as a server's own types do.
            if (!fields.TryGetValue(reader.Number, out var field))
            {
                continue;
            }

            if (field.Name.Length == 0)
            {
                Message(field.Type, reader.Bytes, json, depth + 1);
            }
            else if (field.Form == ProtobufForm.One)
            {
                Put(json, field, Value(field.Type, reader, depth));
            }
            else if (field.Form == ProtobufForm.List)
            {
                var list = json[field.Name] as JsonArray ?? [];
                json[field.Name] ??= list;
                list.Add(Value(field.Type, reader, depth));
            }
            else
            {
                var map = json.Ensure(field.Name);
                var (key, value) = Entry(field.Type, reader.Bytes, depth);
                map[key] = value;
            }
        }
    }

    /// <summary>Fields that Go types leave out of JSON when they are empty.</summary>
    private static void Put(JsonObject json, ProtobufField field, JsonNode? value)
    {
        var isEmpty = value switch
        {
            null => true,
            JsonObject { Count: 0 } or JsonArray { Count: 0 } => true,
            JsonValue scalar => scalar.GetValueKind() is JsonValueKind.False || scalar.Text() is "" || scalar.Number() is 0,
            _ => false,
        };
        if (value is not null && (field.Keeps || !isEmpty))
        {
            json[field.Name] = value;
        }
    }

    private static (string Key, JsonNode? Value) Entry(string type, ReadOnlySpan<byte> bytes, int depth)
    {
        var (key, value) = ("", type is "text" or "bytes" ? (JsonNode?)"" : null);
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            (key, value) = reader.Number == 1 ? (reader.Text, value) : (key, Value(type, reader, depth));
        }

        return (key, value);
    }

    private static JsonNode? Value(string type, ProtobufReader reader, int depth)
    {
        switch (type)
        {
            case "text":
                return reader.Text;
            case "int":
                return reader.Value;
            case "bool":
                return reader.Value != 0;
            case "bytes":
                return Convert.ToBase64String(reader.Bytes);
            case "quantity":
                return Nested(reader.Bytes, 1);
            case "raw":
                return Nested(reader.Bytes, 1) is { Length: > 0 } text ? KubeJson.Parse(Encoding.UTF8.GetBytes(text)) : null;
            case "items":
                return Items(reader.Bytes);
            case "int-or-text":
                var (kind, number, word) = Numbers(reader.Bytes);
                return kind == 0 ? number : word;
            case "time" or "micro-time":
                var (seconds, nanos, _) = Numbers(reader.Bytes);
                var time = DateTimeOffset.UnixEpoch.AddSeconds(seconds).AddTicks(nanos / 100);
                return reader.Bytes.IsEmpty ? null : type == "time" ? KubeJson.Seconds(time) : KubeJson.Micros(time);
            case "duration":
                return $"{Numbers(reader.Bytes).First.ToString(CultureInfo.InvariantCulture)}ns";
            default:
                var json = new JsonObject();
                Message(type, reader.Bytes, json, depth + 1);
                return json;
        }
    }

    private static string Nested(ReadOnlySpan<byte> bytes, int number)
    {
        var text = "";
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            text = reader.Number == number ? reader.Text : text;
        }

        return text;
    }

    private static JsonArray Items(ReadOnlySpan<byte> bytes)
    {
        var list = new JsonArray();
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            list.Add((JsonNode)reader.Text);
        }

        return list;
    }

    /// <summary>The first two numbers and the third, a text, of a small message.</summary>
    private static (long First, long Second, string Third) Numbers(ReadOnlySpan<byte> bytes)
    {
        var (first, second, third) = (0L, 0L, "");
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            (first, second, third) = reader.Number switch
            {
                1 => (reader.Value, second, third),
                2 => (first, reader.Value, third),
                _ => (first, second, reader.Text),
            };
        }

        return (first, second, third);
    }
}
