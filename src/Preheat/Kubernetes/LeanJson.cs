using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Preheat.Kubernetes;

/// <summary>Reads objects without what a watch never looks at: a pod of 12 kB becomes one of 3, and thousands of them stay small.</summary>
/// <remarks>Left out: <c>metadata.managedFields</c>, kubectl's copy of the last applied object, and from pod templates what only the kubelet needs.</remarks>
internal static class LeanJson
{
    private static readonly HashSet<string> Heavy = new(StringComparer.Ordinal)
    {
        "managedFields", "kubectl.kubernetes.io/last-applied-configuration", "env", "envFrom", "volumeMounts", "livenessProbe", "readinessProbe",
        "startupProbe", "lifecycle", "command", "args", "securityContext", "affinity", "topologySpreadConstraints",
    };

    /// <summary>One object.</summary>
    /// <exception cref="JsonException">It is no JSON object.</exception>
    public static JsonObject Read(ReadOnlySequence<byte> text)
    {
        var kept = new ArrayBufferWriter<byte>((int)Math.Min(text.Length, 8192));
        using (var writer = new Utf8JsonWriter(kept, new JsonWriterOptions { SkipValidation = true }))
        {
            var reader = new Utf8JsonReader(text);
            reader.Read();
            if (reader.TokenType is not JsonTokenType.StartObject)
                throw new JsonException("An object was expected.");
            Copy(ref reader, writer, depth: 0);
        }
        // The node holds on to these bytes and makes nodes only of what is asked for.
        return (JsonObject)JsonNode.Parse(kept.WrittenSpan)!;
    }

    /// <summary>The items of a list, one after the other, and its metadata.</summary>
    /// <exception cref="JsonException">It is no list.</exception>
    public static (List<JsonObject> Items, JsonObject? Metadata) ReadList(ReadOnlyMemory<byte> text)
    {
        var (items, metadata) = (new List<JsonObject>(), (JsonObject?)null);
        var reader = new Utf8JsonReader(text.Span);
        reader.Read();
        if (reader.TokenType is not JsonTokenType.StartObject)
            throw new JsonException("A list was expected.");
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var (isItems, isMetadata) = (reader.ValueTextEquals("items"u8), reader.ValueTextEquals("metadata"u8));
            reader.Read();
            if (isItems && reader.TokenType is JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
                    items.Add(Next(ref reader, text));
            }
            else if (isMetadata && reader.TokenType is JsonTokenType.StartObject)
            {
                metadata = Next(ref reader, text);
            }
            else
            {
                reader.Skip();
            }
        }
        return (items, metadata);
    }

    private static JsonObject Next(ref Utf8JsonReader reader, ReadOnlyMemory<byte> text)
    {
        var from = (int)reader.TokenStartIndex;
        reader.Skip();
        return Read(new(text[from..(int)reader.BytesConsumed]));
    }

    private static void Copy(ref Utf8JsonReader reader, Utf8JsonWriter writer, int depth)
    {
        if (reader.TokenType is JsonTokenType.StartObject)
        {
            writer.WriteStartObject();
            while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                reader.Read();
                // The outermost names (data of a ConfigMap, args of a custom kind) stay whatever they are.
                if (depth > 0 && Heavy.Contains(name))
                {
                    reader.Skip();
                    continue;
                }
                writer.WritePropertyName(name);
                Copy(ref reader, writer, depth + 1);
            }
            writer.WriteEndObject();
        }
        else if (reader.TokenType is JsonTokenType.StartArray)
        {
            writer.WriteStartArray();
            while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
                Copy(ref reader, writer, depth + 1);
            writer.WriteEndArray();
        }
        else if (reader.TokenType is JsonTokenType.String)
        {
            writer.WriteStringValue(reader.GetString());
        }
        else if (reader.HasValueSequence)
        {
            writer.WriteRawValue(reader.ValueSequence, skipInputValidation: true);
        }
        else
        {
            writer.WriteRawValue(reader.ValueSpan, skipInputValidation: true);
        }
    }
}
