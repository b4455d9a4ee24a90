using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Preheat.LocalCloud.Hosting;

/// <summary>Answers GET and HEAD with a file: validators, one byte range, streaming (RFC 9110 §13 and §14).</summary>
internal static class FileAnswer
{
    private const int BufferSize = 256 * 1024;

    /// <param name="context">The request.</param>
    /// <param name="path">The file.</param>
    /// <param name="etag">Strong validator with its quotes.</param>
    /// <param name="contentType">Media type of the answer.</param>
    public static async Task SendAsync(HttpContext context, string path, string etag, string contentType)
    {
        var (request, response) = (context.Request, context.Response);
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.SequentialScan);
        var size = RandomAccess.GetLength(handle);
        response.Headers.ETag = etag;
        response.Headers.AcceptRanges = "bytes";
        if (request.Headers.IfNoneMatch.Any(value => Names(value, etag)))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = contentType;
        var (from, to) = (0L, size - 1);
        if (RequestedRange(request, etag) is { } range)
        {
            (from, to) = range is { From: null }
                ? (Math.Max(0, size - range.To!.Value), range.To == 0 ? -1 : size - 1)
                : (range.From.Value, Math.Min(range.To ?? size - 1, size - 1));
            if (from > to || from >= size)
            {
                response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
                response.Headers.ContentRange = $"bytes */{size}";
                response.ContentLength = 0;
                return;
            }

            response.StatusCode = StatusCodes.Status206PartialContent;
            response.Headers.ContentRange = $"bytes {from}-{to}/{size}";
        }

        response.ContentLength = to - from + 1;
        if (HttpMethods.IsHead(request.Method))
        {
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            for (var position = from; position <= to;)
            {
                var wanted = (int)Math.Min(BufferSize, to - position + 1);
                var read = await RandomAccess.ReadAsync(handle, buffer.AsMemory(0, wanted), position, context.RequestAborted);
                if (read == 0)
                {
                    context.Abort(); // the file became shorter: a short body must not look complete
                    return;
                }

                await response.Body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted);
                position += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static RangeItemHeaderValue? RequestedRange(HttpRequest request, string etag)
    {
        if (!HttpMethods.IsGet(request.Method) || request.Headers.Range.Count == 0)
        {
            return null;
        }

        var condition = request.Headers.IfRange.ToString();
        if (condition.Length > 0 && condition != etag)
        {
            return null; // another version: the whole body is what helps
        }

        return RangeHeaderValue.TryParse(request.Headers.Range.ToString(), out var range) && range.Unit == "bytes" && range.Ranges.Count == 1
            ? range.Ranges.Single()
            : null;
    }

    private static bool Names(string? header, string etag) =>
        header is not null && header.Split(',', StringSplitOptions.TrimEntries).Any(value => value == "*" || value == etag || value == $"W/{etag}");
}
