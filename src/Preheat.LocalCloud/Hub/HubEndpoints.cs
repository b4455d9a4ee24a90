using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Hosting;

namespace Preheat.LocalCloud.Hub;

/// <summary>
/// The hub's protocol as its Python client uses it (<see href="https://huggingface.co/docs/hub/api"/>, huggingface_hub <c>file_download.py</c>). Large
/// files are kept as the hub keeps them now: the redirect names their Xet hash, and leads to a bridge that serves plain bytes (<see href="https://huggingface.co/docs/xet/file-id"/>).
/// </summary>
/// <param name="hub">The repositories.</param>
/// <param name="prefix">Path under which the hub is mounted, without a slash at the end.</param>
internal sealed class HubEndpoints(ModelHub hub, string prefix)
{
    public Task HandleAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.StatusCode = 405;
            return Task.CompletedTask;
        }

        var parts = context.Request.Path.Value![prefix.Length..].Trim('/').Split('/');
        return parts switch
        {
            ["api", "models", var org, var name] => InfoAsync(context, $"{org}/{name}", "main"),
            ["api", "models", var org, var name, "revision", var revision] => InfoAsync(context, $"{org}/{name}", revision),
            ["api", "models", var org, var name, "xet-read-token", var revision] => XetTokenAsync(context, $"{org}/{name}", revision),
            ["api", "models", var org, var name, "tree", var revision, .. var path] => TreeAsync(context, $"{org}/{name}", revision, string.Join('/', path)),
            ["cdn", var org, var name, var sha256] => DownloadAsync(context, $"{org}/{name}", sha256),
            [var org, var name, "resolve", var revision, .. var path] => ResolveAsync(context, $"{org}/{name}", revision, string.Join('/', path)),
            _ => FailAsync(context, 404, null, "Sorry, we can't find the page you are looking for."),
        };
    }

    private static Task FailAsync(HttpContext context, int status, string? code, string message)
    {
        context.Response.StatusCode = status;
        context.Response.Headers["X-Error-Message"] = message;
        if (code is not null)
        {
            context.Response.Headers["X-Error-Code"] = code;
        }

        return JsonAnswer.SendAsync(context, new JsonObject { ["error"] = message });
    }

    private static string? Token(HttpRequest request) =>
        request.Headers.Authorization.ToString() is var header && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header[7..].Trim() : null;

    /// <summary>Finds what a request names, or answers as the hub does: an unknown repository is a 401 without a token and a 404 with one, since it may be private.</summary>
    private async Task<(HubModel Model, HubRevision Revision)?> FindAsync(HttpContext context, string id, string revision, bool content)
    {
        var token = Token(context.Request);
        if (token is not null && !HubAccess.IsWellFormed(token))
        {
            await FailAsync(context, 401, null, "Invalid credentials in Authorization header");
            return null;
        }

        if (hub.Find(id) is not { } model)
        {
            await (token is null
                ? FailAsync(context, 401, "RepoNotFound", "Invalid username or password.")
                : FailAsync(context, 404, "RepoNotFound", "Repository not found"));
            return null;
        }

        if (content && HubAccess.Refusal(model, token) is { } refusal)
        {
            await (refusal == 401
                ? FailAsync(context, 401, "GatedRepo", $"Access to model {id} is restricted. You must have access to it and be authenticated to access it. Please log in.")
                : FailAsync(context, 403, "GatedRepo", $"Access to model {id} is restricted and you are not in the authorized list."));
            return null;
        }

        if (model.Find(Uri.UnescapeDataString(revision)) is not { } found)
        {
            await FailAsync(context, 404, "RevisionNotFound", $"Invalid rev id: {revision}");
            return null;
        }

        return (model, found);
    }

    private async Task InfoAsync(HttpContext context, string id, string revisionName)
    {
        if (await FindAsync(context, id, revisionName, content: false) is not var (model, revision))
        {
            return;
        }

        var blobs = context.Request.Query["blobs"] == "true";
        var siblings = revision.Files.Select(file =>
        {
            var entry = new JsonObject { ["rfilename"] = file.Path };
            if (blobs)
            {
                entry["size"] = file.Size;
                entry["blobId"] = file.GitOid;
                if (file.Sha256 is not null)
                {
                    entry["lfs"] = new JsonObject { ["sha256"] = file.Sha256, ["size"] = file.Size, ["pointerSize"] = file.PointerSize };
                }
            }

            return (JsonNode)entry;
        });
        await JsonAnswer.SendAsync(context, new JsonObject
        {
            ["_id"] = revision.Commit[..24],
            ["id"] = model.Id,
            ["modelId"] = model.Id,
            ["author"] = model.Id.Split('/')[0],
            ["sha"] = revision.Commit,
            ["private"] = false,
            ["gated"] = model.RequiredToken is null ? JsonValue.Create(false) : JsonValue.Create("manual"),
            ["disabled"] = false,
            ["downloads"] = 0,
            ["likes"] = 0,
            ["lastModified"] = "2025-01-01T00:00:00.000Z",
            ["pipeline_tag"] = "text-generation",
            ["library_name"] = "transformers",
            ["tags"] = new JsonArray("transformers", "safetensors", "gemma2", "text-generation", $"license:{model.License}"),
            ["cardData"] = new JsonObject { ["license"] = model.License, ["library_name"] = "transformers" },
            ["siblings"] = new JsonArray([.. siblings]),
        });
    }

    private async Task TreeAsync(HttpContext context, string id, string revisionName, string folder)
    {
        if (await FindAsync(context, id, revisionName, content: false) is not var (_, revision))
        {
            return;
        }

        var start = folder.Length == 0 ? "" : $"{folder}/";
        var below = revision.Files.Where(file => file.Path.StartsWith(start, StringComparison.Ordinal)).ToList();
        if (below.Count == 0 && start.Length > 0)
        {
            await FailAsync(context, 404, "EntryNotFound", $"{folder} does not exist on \"{revisionName}\"");
            return;
        }

        var entries = new JsonArray();
        var recursive = context.Request.Query["recursive"].ToString() is "true" or "True" or "1";
        var folders = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in below)
        {
            var slash = file.Path.IndexOf('/', start.Length);
            for (; slash >= 0; slash = recursive ? file.Path.IndexOf('/', slash + 1) : -1)
            {
                if (folders.Add(file.Path[..slash]))
                {
                    entries.Add((JsonNode)new JsonObject { ["type"] = "directory", ["oid"] = revision.Commit, ["size"] = 0, ["path"] = file.Path[..slash] });
                }
            }

            if (recursive || file.Path.IndexOf('/', start.Length) < 0)
            {
                entries.Add((JsonNode)Entry(file));
            }
        }

        await HubPages.SendAsync(context, entries);
    }

    private static JsonObject Entry(HubFile file)
    {
        var entry = new JsonObject { ["type"] = "file", ["oid"] = file.GitOid, ["size"] = file.Size, ["path"] = file.Path };
        if (file.Sha256 is not null)
        {
            entry["lfs"] = new JsonObject { ["oid"] = file.Sha256, ["size"] = file.Size, ["pointerSize"] = file.PointerSize };
            entry["xetHash"] = file.XetHash;
        }

        return entry;
    }

    private async Task ResolveAsync(HttpContext context, string id, string revisionName, string path)
    {
        if (await FindAsync(context, id, revisionName, content: true) is not var (_, revision))
        {
            return;
        }

        var response = context.Response;
        response.Headers["X-Repo-Commit"] = revision.Commit;
        if (revision.Files.FirstOrDefault(file => file.Path == path) is not { } entry)
        {
            await FailAsync(context, 404, "EntryNotFound", "Entry not found");
            return;
        }

        response.Headers.ContentDisposition = $"inline; filename=\"{Path.GetFileName(entry.Path)}\"";
        if (entry.Sha256 is null)
        {
            await FileAnswer.SendAsync(context, entry.Source, entry.ETag, path.EndsWith(".json", StringComparison.Ordinal) ? "application/json" : "text/plain; charset=utf-8");
            return;
        }

        // Large files come from another host at the real hub: an absolute redirect, whose headers already tell hash and size.
        response.StatusCode = StatusCodes.Status302Found;
        response.Headers["X-Linked-Size"] = entry.Size.ToString(System.Globalization.CultureInfo.InvariantCulture);
        response.Headers["X-Linked-Etag"] = entry.ETag;
        response.Headers.AcceptRanges = "bytes";
        var root = $"{context.Request.Scheme}://{context.Request.Host}{prefix}";
        response.Headers["X-Xet-Hash"] = entry.XetHash;
        response.Headers.Link = $"<{root}/api/models/{id}/xet-read-token/{revision.Commit}>; rel=\"xet-auth\", <{root}/cas/v1/reconstructions/{entry.XetHash}>; rel=\"xet-reconstruction-info\"";
        response.Headers.Location = $"{root}/cdn/{id}/{entry.Sha256}";
    }

    /// <summary>There is no Xet storage behind this hub: who asks for its token is told to take the bridge, as where Xet is switched off.</summary>
    private async Task XetTokenAsync(HttpContext context, string id, string revisionName)
    {
        if (await FindAsync(context, id, revisionName, content: true) is not null)
        {
            await FailAsync(context, 404, null, "The embedded hub has no Xet storage. Follow the redirect of /resolve, or set HF_HUB_DISABLE_XET=1.");
        }
    }

    private Task DownloadAsync(HttpContext context, string id, string sha256) =>
        hub.FindLarge(id, sha256) is { } file
            ? FileAnswer.SendAsync(context, file.Source, file.ETag, "application/octet-stream")
            : FailAsync(context, 403, null, "Access denied"); // as object stores answer for a key that is not there
}
