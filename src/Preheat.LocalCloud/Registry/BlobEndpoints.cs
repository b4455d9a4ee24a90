using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Hosting;

namespace Preheat.LocalCloud.Registry;

/// <summary>Blobs: read, upload, mount, delete.</summary>
/// <remarks>
/// As Artifact Registry does, an upload takes its bytes in one request: POST with <c>?digest=</c>, PUT, or one streamed PATCH before an empty PUT.
/// A second PATCH is refused.
/// </remarks>
internal sealed class BlobEndpoints(RepositoryStore store, Uploads uploads, RegistryTokens? tokens)
{
    public Task HandleAsync(HttpContext context, string name, string reference)
    {
        if (HttpMethods.IsDelete(context.Request.Method))
        {
            return store.RemoveBlob(name, ParseDigest(reference)) ? Accepted(context) : throw RegistryException.BlobUnknown(reference);
        }

        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            throw RegistryException.Unsupported(405, $"{context.Request.Method} of a blob is not supported");
        }

        var digest = ParseDigest(reference);
        if (!store.HasBlob(name, digest))
        {
            throw RegistryException.BlobUnknown(digest.ToString());
        }

        context.Response.Headers["Docker-Content-Digest"] = digest.ToString();
        return FileAnswer.SendAsync(context, store.BlobPath(digest), $"\"{digest}\"", "application/octet-stream");
    }

    public Task UploadAsync(HttpContext context, string name, string id) => (context.Request.Method, id) switch
    {
        ("POST", "") => BeginAsync(context, name),
        ("PATCH", not "") => PatchAsync(context, name, id),
        ("PUT", not "") => PutAsync(context, name, id),
        ("GET", not "") => Status(context, uploads.Get(name, id), 204),
        ("DELETE", not "") => CancelAsync(context, name, id),
        var (method, _) => throw RegistryException.Unsupported(405, $"{method} of an upload is not supported"),
    };

    private static Digest ParseDigest(string? text) =>
        Digest.TryParse(text, out var digest) ? digest : throw RegistryException.DigestInvalid("not a sha256 digest", text);

    private static Task Accepted(HttpContext context)
    {
        context.Response.StatusCode = 202;
        return Task.CompletedTask;
    }

    private static void Created(HttpContext context, string name, Digest digest)
    {
        context.Response.StatusCode = 201;
        context.Response.Headers.Location = $"/v2/{name}/blobs/{digest}";
        context.Response.Headers["Docker-Content-Digest"] = digest.ToString();
    }

    private static Task Status(HttpContext context, Upload upload, int status)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.Location = $"/v2/{upload.Name}/blobs/uploads/{upload.Id}";
        context.Response.Headers["Docker-Upload-UUID"] = upload.Id;
        // The form of an empty range is 0-0, as the reference implementation has it.
        context.Response.Headers.Range = $"0-{Math.Max(0, upload.Length - 1)}";
        return Task.CompletedTask;
    }

    private async Task BeginAsync(HttpContext context, string name)
    {
        var query = context.Request.Query;
        if (query.TryGetValue("mount", out var mount))
        {
            var wanted = ParseDigest(mount);
            if (query["from"].ToString() is { Length: > 0 } from && RepositoryStore.IsName(from) && store.HasBlob(from, wanted)
                && tokens?.Holds(context, from, "pull") != false)
            {
                store.LinkBlob(name, wanted);
                Created(context, name, wanted);
                return;
            }
        }
        else if (query.TryGetValue("digest", out var whole))
        {
            var digest = ParseDigest(whole);
            var single = uploads.Take(name, uploads.Open(name).Id);
            await ReceiveAsync(context, single);
            Commit(context, single, digest);
            return;
        }

        await Status(context, uploads.Open(name), 202);
    }

    private async Task PatchAsync(HttpContext context, string name, string id)
    {
        var upload = uploads.Take(name, id);
        if (upload.HasContent)
        {
            upload.Dispose();
            throw RegistryException.Unsupported(400, "chunked uploads are not supported: send the whole blob in one PATCH or PUT");
        }

        await ReceiveAsync(context, upload);
        uploads.Return(upload);
        await Status(context, upload, 202);
    }

    private async Task PutAsync(HttpContext context, string name, string id)
    {
        var digest = ParseDigest(context.Request.Query["digest"]);
        var upload = uploads.Take(name, id);
        var before = upload.Length;
        var second = upload.HasContent;
        await ReceiveAsync(context, upload);
        if (second && upload.Length > before)
        {
            upload.Dispose();
            throw RegistryException.Unsupported(400, "chunked uploads are not supported: the closing PUT must be empty after a PATCH");
        }

        Commit(context, upload, digest);
    }

    private static async Task ReceiveAsync(HttpContext context, Upload upload)
    {
        try
        {
            if (context.Request.Headers.ContentRange.ToString() is { Length: > 0 } range && !range.StartsWith("0-", StringComparison.Ordinal)
                && !range.StartsWith("bytes 0-", StringComparison.Ordinal))
            {
                throw new RegistryException(416, "BLOB_UPLOAD_INVALID", "the upload begins at byte 0", range);
            }

            await upload.ReceiveAsync(context.Request.Body, context.RequestAborted);
        }
        catch (Exception error)
        {
            upload.Dispose(); // half a body cannot be continued
            throw error is BadHttpRequestException
                ? new RegistryException(400, "BLOB_UPLOAD_INVALID", "the body ended early")
                : error;
        }
    }

    private void Commit(HttpContext context, Upload upload, Digest stated)
    {
        using (upload)
        {
            var actual = upload.Finish();
            if (actual != stated)
            {
                throw RegistryException.DigestInvalid($"the content is {actual}, {upload.Length} bytes", stated.ToString());
            }

            store.Adopt(upload.Name, actual, upload.Path);
            Created(context, upload.Name, actual);
        }
    }

    private Task CancelAsync(HttpContext context, string name, string id)
    {
        uploads.Take(name, id).Dispose();
        context.Response.StatusCode = 204;
        return Task.CompletedTask;
    }
}
