using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Preheat.LocalCloud.Serving.Api;

/// <summary>Writes answers: one JSON object, or server-sent events of JSON objects.</summary>
internal static class Answers
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One JSON body.</summary>
    public static async Task JsonAsync(HttpContext context, int status, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        await using (var json = new Utf8JsonWriter(buffer, Options))
        {
            write(json);
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = buffer.WrittenCount;
        await context.Response.BodyWriter.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
    }

    /// <summary>Begins a stream of events. https://html.spec.whatwg.org/multipage/server-sent-events.html</summary>
    public static void BeginEvents(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
    }

    /// <summary>Puts one event into the answer's buffer.</summary>
    public static void Event(HttpContext context, Action<Utf8JsonWriter> write)
    {
        var body = context.Response.BodyWriter;
        body.Write("data: "u8);
        using (var json = new Utf8JsonWriter(body, Options))
        {
            write(json);
        }

        body.Write("\n\n"u8);
    }

    /// <summary>OpenAI's end of a stream.</summary>
    public static void Done(HttpContext context) => context.Response.BodyWriter.Write("data: [DONE]\n\n"u8);
}
