using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Preheat.Runs;

/// <summary>SHA-256 of canonical JSON: object keys sorted by ordinal, no white space, nulls left out.</summary>
public static class Fingerprint
{
    /// <summary>The fingerprint of any value that serialises: <c>sha256:</c> and 64 lower-case hex digits.</summary>
    public static string Of(object value) =>
        "sha256:" + Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(Canonical(JsonSerializer.SerializeToNode(value, ReceiptStore.Json)))));

    private static JsonNode? Canonical(JsonNode? node) => node switch
    {
        JsonObject unordered => new JsonObject(unordered
            .Where(property => property.Value is not null)
            .OrderBy(property => property.Key, StringComparer.Ordinal)
            .Select(property => KeyValuePair.Create(property.Key, Canonical(property.Value)))),
        JsonArray array => new JsonArray([.. array.Select(Canonical)]),
        _ => node?.DeepClone(),
    };
}

/// <summary>An output of which only a part says whether later steps must run again (never times or addresses).</summary>
public interface IStepOutput
{
    /// <summary>What enters the fingerprint in place of the whole record.</summary>
    object Identity { get; }
}
