using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Preheat.LocalCloud.Kubernetes.Store;

/// <summary>Reading and writing of objects that are known only by path. A missing step reads as null, never as an error.</summary>
internal static class KubeJson
{
    /// <summary>Depth that a stranger's document may have.</summary>
    private const int MaxDepth = 64;

    private static readonly JsonSerializerOptions Wire = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = MaxDepth * 2 };

    public static byte[] Serialize(JsonNode node) => JsonSerializer.SerializeToUtf8Bytes(node, Wire);

    /// <summary>Reads a document; throws <see cref="JsonException"/> when it is none, nests too deep or repeats a property.</summary>
    public static JsonNode? Parse(ReadOnlySpan<byte> bytes) =>
        JsonNode.Parse(bytes, nodeOptions: null, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false });

    /// <summary>Reads what <see cref="Serialize"/> wrote of a stored object: deeper than a stranger's by what the server added.</summary>
    public static JsonObject ParseStored(ReadOnlySpan<byte> bytes) => 
        JsonNode.Parse(bytes, nodeOptions: null, new JsonDocumentOptions { MaxDepth = Wire.MaxDepth }) as JsonObject ?? throw new JsonException("no object");

    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var step in path)
        {
            node = node is JsonObject o && o.TryGetPropertyValue(step, out var next) ? next : null;
        }

        return node;
    }

    public static JsonObject? Map(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) as JsonObject;

    public static JsonArray? Items(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) as JsonArray;

    /// <summary>The objects of a list; other elements are left out.</summary>
    public static IEnumerable<JsonObject> Objects(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.Items(path)?.OfType<JsonObject>() ?? [];

    /// <summary>The strings of a list; other elements are left out.</summary>
    public static IEnumerable<string> Texts(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.Items(path)?.Select(item => item.Text()).OfType<string>() ?? [];

    public static string? Text(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    public static long? Number(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.GetValueKind() == JsonValueKind.Number
        && long.TryParse(value.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    public static int Int(this JsonNode? node, int otherwise, params ReadOnlySpan<string> path) => (int)(node.Number(path) ?? otherwise);

    public static bool Flag(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.GetValueKind() == JsonValueKind.True;

    /// <summary>The object at a path, made where it is missing.</summary>
    public static JsonObject Ensure(this JsonObject node, params ReadOnlySpan<string> path)
    {
        foreach (var step in path)
        {
            if (node[step] is not JsonObject next)
            {
                node[step] = next = [];
            }

            node = next;
        }

        return node;
    }

    public static JsonObject Metadata(this JsonObject node) => node.Ensure("metadata");

    /// <summary>String values of a map: labels, annotations, selectors, data.</summary>
    public static Dictionary<string, string> StringMap(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.Map(path)?.Where(pair => pair.Value.Text() is not null).ToDictionary(pair => pair.Key, pair => pair.Value.Text()!) ?? [];

    public static JsonObject Copy(this JsonObject node) => (JsonObject)node.DeepClone();

    public static bool Same(JsonNode? left, JsonNode? right) => JsonNode.DeepEquals(left, right);

    public static JsonArray ToArray(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode?)text)]);

    /// <summary>RFC 3339 in whole seconds, as <c>metav1.Time</c>.</summary>
    public static string Seconds(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>RFC 3339 with microseconds, as <c>metav1.MicroTime</c>.</summary>
    public static string Micros(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    public static bool TryTime([NotNullWhen(true)] string? text, out DateTimeOffset time) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);

    /// <summary>A condition by type out of <c>status.conditions</c>.</summary>
    public static JsonObject? Condition(this JsonNode? node, string type) =>
        node.Objects("status", "conditions").FirstOrDefault(condition => condition.Text("type") == type);
}
