using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Preheat.LocalCloud.Hosting;

/// <summary>Answers with a JSON text built by hand: no reflection, so the first answer is as fast as the next.</summary>
internal static class JsonAnswer
{
    public static Task SendAsync(HttpContext context, JsonNode content) => SendAsync(context, content.ToJsonString());

    public static Task SendAsync(HttpContext context, string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = bytes.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }
}
