using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Hosting;

namespace Preheat.LocalCloud.Registry;

/// <summary>Routes <c>/v2/…</c> and writes errors (<see href="https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#endpoints"/>).</summary>
internal sealed class RegistryHandler(RepositoryStore store, Uploads uploads, RegistryTokens? tokens)
{
    private readonly BlobEndpoints _blobs = new(store, uploads, tokens);
    private readonly ManifestEndpoints _manifests = new(store);
    private readonly Referrers _referrers = new(store);

    public async Task HandleAsync(HttpContext context)
    {
        context.Response.Headers["Docker-Distribution-Api-Version"] = "registry/2.0";
        try
        {
            await RouteAsync(context);
        }
        catch (RegistryException error) when (!context.Response.HasStarted)
        {
            context.Response.Headers.ContentLength = null;
            context.Response.StatusCode = error.Status;
            var entry = new JsonObject { ["code"] = error.Code, ["message"] = error.Message };
            if (error.Detail is not null)
            {
                entry["detail"] = error.Detail;
            }

            await JsonAnswer.SendAsync(context, new JsonObject { ["errors"] = new JsonArray(entry) });
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone; nobody reads an answer.
        }
    }

    private Task RouteAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (tokens is not null && path == "/v2/token")
        {
            return tokens.IssueAsync(context);
        }

        if (path is "/v2/" or "/v2")
        {
            tokens?.RequireAny(context);
            return JsonAnswer.SendAsync(context, new JsonObject());
        }

        if (path.StartsWith("/v2/", StringComparison.Ordinal))
        {
            path = path[4..];
            if (path.EndsWith("/tags/list", StringComparison.Ordinal))
            {
                return _manifests.ListTagsAsync(context, Allowed(context, path[..^"/tags/list".Length]));
            }

            if (Split(path, "/blobs/uploads") is var (name, upload) && (upload.Length == 0 || upload[0] == '/'))
            {
                return _blobs.UploadAsync(context, Allowed(context, name), upload.Trim('/'));
            }

            if (Split(path, "/blobs/") is var (repository, digest))
            {
                return _blobs.HandleAsync(context, Allowed(context, repository), digest);
            }

            if (Split(path, "/referrers/") is var (subject, target) && !target.Contains('/'))
            {
                return _referrers.ListAsync(context, Allowed(context, subject), target);
            }

            if (Split(path, "/manifests/") is var (owner, reference))
            {
                return _manifests.HandleAsync(context, Allowed(context, owner), reference);
            }
        }

        throw new RegistryException(404, "NAME_UNKNOWN", "no such endpoint", context.Request.Path);
    }

    private static (string Name, string Tail)? Split(string path, string separator)
    {
        var at = path.LastIndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? null : (path[..at], path[(at + separator.Length)..]);
    }

    /// <summary>A repository's name, once the request may do to it what its method means.</summary>
    private string Allowed(HttpContext context, string name)
    {
        var method = context.Request.Method;
        tokens?.Require(context, Name(name), HttpMethods.IsGet(method) || HttpMethods.IsHead(method) ? "pull" : HttpMethods.IsDelete(method) ? "delete" : "push");
        return Name(name);
    }

    private static string Name(string name) =>
        RepositoryStore.IsName(name) ? name : throw new RegistryException(400, "NAME_INVALID", "invalid repository name", name);
}
