using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Preheat.LocalCloud.Hosting;

namespace Preheat.LocalCloud.Registry;

/// <summary>Manifests and tags.</summary>
internal sealed class ManifestEndpoints(RepositoryStore store)
{
    public Task HandleAsync(HttpContext context, string name, string reference) => context.Request.Method switch
    {
        "GET" or "HEAD" => ReadAsync(context, name, reference),
        "PUT" => PutAsync(context, name, reference),
        "DELETE" => DeleteAsync(context, name, reference),
        var method => throw RegistryException.Unsupported(405, $"{method} of a manifest is not supported"),
    };

    /// <summary>Tags in lexical order, <c>n</c> at a time after <c>last</c>, with a <c>Link</c> to the next page.</summary>
    public Task ListTagsAsync(HttpContext context, string name)
    {
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            throw RegistryException.Unsupported(405, "tags are read with GET");
        }

        if (!store.Exists(name))
        {
            throw new RegistryException(404, "NAME_UNKNOWN", "repository name not known to registry", name);
        }

        var query = context.Request.Query;
        var all = store.Tags(name).Where(tag => string.CompareOrdinal(tag, query["last"].ToString()) > 0).ToList();
        var page = all;
        if (query.TryGetValue("n", out var limit))
        {
            if (!int.TryParse(limit, out var count) || count < 0)
            {
                throw new RegistryException(400, "PAGINATION_NUMBER_INVALID", "invalid number of results requested", limit);
            }

            page = [.. all.Take(count)];
            if (page.Count < all.Count && page.Count > 0)
            {
                context.Response.Headers.Link = $"</v2/{name}/tags/list?last={page[^1]}&n={count}>; rel=\"next\"";
            }
        }

        return JsonAnswer.SendAsync(context, new JsonObject { ["name"] = name, ["tags"] = new JsonArray([.. page.Select(tag => JsonValue.Create(tag))]) });
    }

    private static bool Accepts(StringValues accept, string mediaType)
    {
        if (StringValues.IsNullOrEmpty(accept))
        {
            return true;
        }

        return accept.SelectMany(line => line!.Split(',')).Select(range => range.Split(';')[0].Trim())
            .Any(range => range is "*/*" or "application/*" || range == mediaType);
    }

    private async Task ReadAsync(HttpContext context, string name, string reference)
    {
        if (!store.TryManifest(name, reference, out var manifest))
        {
            throw RegistryException.ManifestUnknown("manifest unknown", reference);
        }

        if (!Accepts(context.Request.Headers.Accept, manifest.MediaType))
        {
            throw RegistryException.ManifestUnknown($"manifest is {manifest.MediaType}, which the Accept header does not support", reference);
        }

        context.Response.Headers["Docker-Content-Digest"] = manifest.Digest.ToString();
        await FileAnswer.SendAsync(context, store.BlobPath(manifest.Digest), $"\"{manifest.Digest}\"", manifest.MediaType);
    }

    private async Task PutAsync(HttpContext context, string name, string reference)
    {
        var isDigest = Digest.TryParse(reference, out var stated);
        if (!isDigest && !RepositoryStore.IsTag(reference))
        {
            throw reference.Contains(':')
                ? RegistryException.DigestInvalid("not a sha256 digest", reference)
                : new RegistryException(400, "TAG_INVALID", "invalid tag", reference);
        }

        var content = await ReadLimitedAsync(context);
        var manifest = new StoredManifest(Digest.Of(content), context.Request.ContentType?.Split(';')[0].Trim() ?? "");
        if (isDigest && stated != manifest.Digest)
        {
            throw RegistryException.DigestInvalid($"the manifest's digest is {manifest.Digest}", reference);
        }

        ManifestRules.Check(store, name, manifest.MediaType, content);
        store.PutManifest(name, manifest, content, isDigest ? null : reference);
        if (Referrers.SubjectOf(content) is { } subject)
        {
            context.Response.Headers["OCI-Subject"] = subject.ToString();
        }

        context.Response.StatusCode = 201;
        context.Response.Headers.Location = $"/v2/{name}/manifests/{manifest.Digest}";
        context.Response.Headers["Docker-Content-Digest"] = manifest.Digest.ToString();
    }

    /// <summary>A tag goes alone; a digest goes with its tags.</summary>
    private Task DeleteAsync(HttpContext context, string name, string reference)
    {
        if (!store.TryManifest(name, reference, out var manifest))
        {
            throw RegistryException.ManifestUnknown("manifest unknown", reference);
        }

        if (!Digest.TryParse(reference, out _))
        {
            store.RemoveTag(name, reference);
        }
        else
        {
            store.RemoveManifest(name, manifest.Digest);
        }

        context.Response.StatusCode = 202;
        return Task.CompletedTask;
    }

    private static async Task<byte[]> ReadLimitedAsync(HttpContext context)
    {
        var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        for (int read; (read = await context.Request.Body.ReadAsync(chunk, context.RequestAborted)) > 0;)
        {
            buffer.Write(chunk, 0, read);
            if (buffer.Length > ManifestRules.MaximumSize)
            {
                throw new RegistryException(413, "SIZE_INVALID", $"a manifest has at most {ManifestRules.MaximumSize} bytes");
            }
        }

        return buffer.ToArray();
    }
}
