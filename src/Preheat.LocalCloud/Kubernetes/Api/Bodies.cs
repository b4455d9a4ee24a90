using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Kubernetes.Patching;
using Preheat.LocalCloud.Kubernetes.Protobuf;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>A document that the server holds ready. <paramref name="Tag"/> is its <c>ETag</c>, null for none.</summary>
internal sealed record Document(string MediaType, byte[] Bytes, string? Tag = null);

/// <summary>Bodies in and out. A request's body is limited as the API server limits it (3 MiB).</summary>
internal static class Bodies
{
    public const int Limit = 3 * 1024 * 1024;

    /// <summary>Reads the whole body; 413 beyond <see cref="Limit"/>.</summary>
    public static async Task<byte[]> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentLength > Limit)
        {
            throw ApiException.TooLarge(Limit);
        }

        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await context.Request.Body.ReadAsync(chunk, context.RequestAborted)) > 0)
        {
            if (buffer.Length + read > Limit)
            {
                throw ApiException.TooLarge(Limit);
            }

            buffer.Write(chunk, 0, read);
        }

        return buffer.ToArray();
    }

    /// <summary>An object as JSON, or as YAML or protobuf when the content type says so.</summary>
    public static async Task<JsonObject> ReadObjectAsync(HttpContext context) =>
        Parse(context.Request, await ReadAsync(context)) as JsonObject ?? throw ApiException.BadRequest("the body is no object");

    /// <summary>Reads a body by the request's content type; 415 for one that is not served.</summary>
    public static JsonNode? Parse(HttpRequest request, byte[] bytes) => MediaType(request) switch
    {
        "" or "application/json" or "*/*" => KubeJson.Parse(bytes),
        "application/yaml" => YamlBody.Parse(bytes),
        ProtobufBody.MediaType => ProtobufBody.Read(bytes),
        var type => throw ApiException.UnsupportedMediaType(type, ["application/json", "application/yaml", ProtobufBody.MediaType]),
    };

    /// <summary>A whole document; <c>304 Not Modified</c> for a client that has it already.</summary>
    public static async Task WriteAsync(HttpContext context, Document document)
    {
        if (document.Tag is { } tag)
        {
            context.Response.Headers.ETag = tag;
            if (context.Request.Headers.IfNoneMatch.ToString() == tag)
            {
                context.Response.StatusCode = 304;
                return;
            }
        }

        context.Response.Headers.Vary = "Accept";
        context.Response.ContentType = document.MediaType;
        context.Response.ContentLength = document.Bytes.Length;
        await context.Response.Body.WriteAsync(document.Bytes, context.RequestAborted);
    }

    public static string MediaType(HttpRequest request) => (request.ContentType ?? "").Split(';')[0].Trim().ToLowerInvariant();

    public static Task WriteAsync(HttpContext context, int code, JsonNode json) => WriteAsync(context, code, KubeJson.Serialize(json));

    public static async Task WriteAsync(HttpContext context, int code, ReadOnlyMemory<byte> json)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = json.Length;
        await context.Response.Body.WriteAsync(json, context.RequestAborted);
    }
}
