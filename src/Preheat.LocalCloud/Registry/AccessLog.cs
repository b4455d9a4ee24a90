using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Preheat.LocalCloud.Registry;

/// <summary>A line of <c>access.jsonl</c> for every request that changes something: what was sent twice shows, also after this process was killed.</summary>
internal sealed class AccessLog(string path, TimeProvider time) : IDisposable
{
    private const long Limit = 8 << 20;

    private readonly Lock _lock = new();
    private FileStream? _file;

    /// <summary>Handles a request and writes down how it was answered.</summary>
    public async Task HandleAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        finally
        {
            var method = context.Request.Method;
            if (!HttpMethods.IsGet(method) && !HttpMethods.IsHead(method))
            {
                Write(new JsonObject
                {
                    ["time"] = time.GetUtcNow(),
                    ["method"] = method,
                    ["path"] = context.Request.Path.Value,
                    ["status"] = context.RequestAborted.IsCancellationRequested ? 0 : context.Response.StatusCode,
                    ["digest"] = context.Response.Headers["Docker-Content-Digest"].FirstOrDefault(),
                });
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _file?.Dispose();
        }
    }

    private void Write(JsonObject line)
    {
        lock (_lock)
        {
            if (_file is { Length: > Limit })
            {
                _file.Dispose();
                File.Move(path, path + ".1", overwrite: true);
                _file = null;
            }

            _file ??= new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            _file.Write(System.Text.Encoding.UTF8.GetBytes(line.ToJsonString() + "\n"));
        }
    }
}
