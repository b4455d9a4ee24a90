using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Preheat.Benchmarks.Bake;

/// <summary>A registry that reads uploads and throws them away; only manifests and blobs below 64 KiB are kept, in memory. It ends when its standard input does.</summary>
internal static class DiscardingRegistry
{
    private const int Kept = 64 * 1024;

    public static async Task RunAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
        });
        await using var app = builder.Build();
        var content = new ConcurrentDictionary<string, (string Type, byte[] Bytes)>(StringComparer.Ordinal);
        app.Run(context => AnswerAsync(context, content));
        await app.StartAsync();
        Console.WriteLine(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        await Console.In.ReadToEndAsync();
    }

    private static async Task AnswerAsync(HttpContext context, ConcurrentDictionary<string, (string Type, byte[] Bytes)> content)
    {
        var request = context.Request;
        var path = request.Path.Value!;
        var name = path[(path.LastIndexOf('/') + 1)..];
        switch (request.Method)
        {
            case "POST":
                context.Response.StatusCode = 202;
                context.Response.Headers.Location = path.TrimEnd('/') + "/" + Guid.NewGuid().ToString("N");
                return;
            case "PATCH":
                content[name] = ("", await ReadAsync(request));
                context.Response.StatusCode = 202;
                context.Response.Headers.Location = path;
                return;
            case "PUT":
                var body = await ReadAsync(request);
                if (path.Contains("/uploads/", StringComparison.Ordinal))
                {
                    if (body.Length == 0 && content.TryRemove(name, out var patched))
                        body = patched.Bytes;
                    name = request.Query["digest"]!;
                }
                if (body.Length > 0)
                    content[name] = (request.ContentType ?? "", body);
                context.Response.StatusCode = 201;
                return;
            default:
                if (!content.TryGetValue(name, out var found))
                {
                    context.Response.StatusCode = 404;
                    return;
                }
                context.Response.ContentType = found.Type;
                context.Response.ContentLength = found.Bytes.Length;
                if (request.Method == "GET")
                    await context.Response.Body.WriteAsync(found.Bytes);
                return;
        }
    }

    /// <summary>The body when it is small; nothing when it is large.</summary>
    private static async Task<byte[]> ReadAsync(HttpRequest request)
    {
        using var kept = new MemoryStream();
        long total = 0;
        while (true)
        {
            var result = await request.BodyReader.ReadAsync();
            foreach (var piece in result.Buffer)
            {
                total += piece.Length;
                if (total <= Kept)
                    kept.Write(piece.Span);
            }
            request.BodyReader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                return total <= Kept ? kept.ToArray() : [];
        }
    }
}
