using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Preheat.LocalCloud.Tests.Registry;

/// <summary>The requests that registry tests make, written after the specification and not after the server.</summary>
internal static class RegistryClient
{
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";

    public static string Digest(byte[] content) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static async Task<Uri> BeginAsync(this HttpClient client, string name)
    {
        using var answer = await client.PostAsync($"/v2/{name}/blobs/uploads/", null);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        return answer.Headers.Location!;
    }

    public static async Task<string> PushBlobAsync(this HttpClient client, string name, byte[] content)
    {
        var location = await client.BeginAsync(name);
        using var answer = await client.PutAsync($"{location}?digest={Digest(content)}", new ByteArrayContent(content));
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        return Digest(content);
    }

    public static Task<HttpResponseMessage> PutManifestAsync(this HttpClient client, string name, string reference, byte[] manifest, string type = OciManifest)
    {
        var content = new ByteArrayContent(manifest) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };
        return client.PutAsync($"/v2/{name}/manifests/{reference}", content);
    }

    public static byte[] Manifest(byte[] config, params byte[][] layers) => Bytes(new JsonObject
    {
        ["schemaVersion"] = 2,
        ["mediaType"] = OciManifest,
        ["config"] = Descriptor("application/vnd.oci.image.config.v1+json", config),
        ["layers"] = new JsonArray([.. layers.Select(layer => Descriptor("application/vnd.oci.image.layer.v1.tar", layer))]),
    }.ToJsonString());

    public static async Task<(string Code, string Message)> ErrorAsync(this HttpResponseMessage answer)
    {
        var error = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["errors"]![0]!;
        return ((string)error["code"]!, (string)error["message"]!);
    }

    private static JsonObject Descriptor(string type, byte[] content) => new() { ["mediaType"] = type, ["digest"] = Digest(content), ["size"] = content.Length };
}
