using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Preheat.LocalCloud.Registry;

/// <summary>Lists the manifests whose <c>subject</c> is a digest (<see href="https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-referrers"/>).</summary>
internal sealed class Referrers(RepositoryStore store)
{
    /// <summary>An index, empty when there are none; <c>artifactType</c> filters, and then <c>OCI-Filters-Applied</c> says so.</summary>
    public async Task ListAsync(HttpContext context, string name, string reference)
    {
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            throw RegistryException.Unsupported(405, "referrers are read with GET");
        }

        if (!Digest.TryParse(reference, out var subject))
        {
            throw RegistryException.DigestInvalid("not a sha256 digest", reference);
        }

        var wanted = context.Request.Query["artifactType"].ToString();
        var entries = store.Manifests(name).Select(manifest => Describe(manifest, subject)).OfType<JsonObject>()
            .Where(entry => wanted.Length == 0 || (string?)entry["artifactType"] == wanted);
        if (wanted.Length > 0)
        {
            context.Response.Headers["OCI-Filters-Applied"] = "artifactType";
        }

        context.Response.ContentType = ManifestRules.OciIndex;
        var index = new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = ManifestRules.OciIndex, ["manifests"] = new JsonArray([.. entries]) };
        await context.Response.WriteAsync(index.ToJsonString(), context.RequestAborted);
    }

    /// <summary>The digest of a manifest's subject; null when it has none.</summary>
    public static Digest? SubjectOf(ReadOnlyMemory<byte> content)
    {
        using var document = JsonDocument.Parse(content);
        return document.RootElement.TryGetProperty("subject", out var subject) && subject.TryGetProperty("digest", out var digest) && Digest.TryParse(digest.GetString(), out var parsed)
            ? parsed
            : null;
    }

    private JsonObject? Describe(StoredManifest manifest, Digest subject)
    {
        var content = File.ReadAllBytes(store.BlobPath(manifest.Digest));
        if (SubjectOf(content) is not { } found || found != subject)
        {
            return null;
        }

        var root = JsonNode.Parse(content)!;
        var entry = new JsonObject { ["mediaType"] = manifest.MediaType, ["digest"] = manifest.Digest.ToString(), ["size"] = content.Length };
        // Of an image manifest without artifactType the config's type is it.
        if (((string?)root["artifactType"] ?? (string?)root["config"]?["mediaType"]) is { } type)
        {
            entry["artifactType"] = type;
        }

        if (root["annotations"] is { } annotations)
        {
            entry["annotations"] = annotations.DeepClone();
        }

        return entry;
    }
}
