using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Preheat.Images;

/// <summary>What a baked image is made of and how: a bill of materials and a provenance statement, attached to it as referrers.</summary>
/// <remarks>Both follow from the image alone, without times or places, so that a second bake of the same image adds nothing.</remarks>
internal sealed class Provenance(BakeRequest request, ImageReference baseReference, BaseImage baseImage, string modelPath, IReadOnlyList<KnownLayer> layers)
{
    private const string Builder = "https://preheat.dev/baker";

    private static readonly JsonSerializerOptions Json = new(ManifestJson.Options) { WriteIndented = true };

    private readonly List<(string Path, KnownFile File)> _files = [.. layers
        .SelectMany(layer => layer.Files)
        .Select(file => (Path: file.Path[modelPath.Length..], file))
        .OrderBy(entry => entry.Path, StringComparer.Ordinal)];

    private bool IsLocal => request.Model.Reference.StartsWith("file:", StringComparison.Ordinal);

    /// <summary>The commit, or what follows from the content of a directory.</summary>
    private string Revision => IsLocal ? Baker.ContentRevision(layers) : request.Model.Revision;

    /// <summary>Attaches both.</summary>
    /// <param name="subject">The image's manifest.</param>
    public async Task AttachAsync(IImageStore store, Descriptor subject, CancellationToken cancellation)
    {
        await AttachAsync(store, subject, MediaTypes.CycloneDx, BillOfMaterials(), cancellation);
        await AttachAsync(store, subject, MediaTypes.InToto, Statement(subject.Digest), cancellation);
    }

    private static async Task AttachAsync(IImageStore store, Descriptor subject, string type, JsonObject content, CancellationToken cancellation)
    {
        // OCI image specification, manifest.md, "Guidelines for Artifact Usage": an empty config, the content as the one layer.
        var manifest = ManifestJson.Write(new ImageManifest
        {
            MediaType = MediaTypes.OciManifest,
            ArtifactType = type,
            Config = await store.PushAsync(MediaTypes.OciEmpty, "{}"u8.ToArray(), cancellation),
            Layers = [await store.PushAsync(type, JsonSerializer.SerializeToUtf8Bytes(content, Json), cancellation)],
            Subject = subject,
        });
        var referrer = new Descriptor { MediaType = MediaTypes.OciManifest, Digest = Digest.Of(manifest), Size = manifest.Length, ArtifactType = type };
        await store.AttachAsync(subject, referrer, manifest, cancellation);
    }

    /// <remarks>CycloneDX 1.6 JSON, https://cyclonedx.org/docs/1.6/json/. Licence ids of hubs are no SPDX ids, so they are given as names.</remarks>
    private JsonObject BillOfMaterials()
    {
        var model = new JsonObject { ["type"] = "machine-learning-model", ["bom-ref"] = "model", ["name"] = request.Model.Name, ["version"] = Revision };
        if (request.Model.License is { } license)
            model["licenses"] = new JsonArray(new JsonObject { ["license"] = new JsonObject { ["name"] = license } });
        var components = new JsonArray(new JsonObject
        {
            ["type"] = "container",
            ["bom-ref"] = "base-image",
            ["name"] = baseReference.ToString(),
            ["version"] = baseImage.Reference.Digest!.Value.ToString(),
        });
        foreach (var (path, file) in _files)
        {
            components.Add(new JsonObject
            {
                ["type"] = "file",
                ["bom-ref"] = $"file:{path}",
                ["name"] = path,
                ["hashes"] = new JsonArray(new JsonObject { ["alg"] = "SHA-256", ["content"] = file.Sha256 }),
            });
        }
        var parts = new JsonArray([.. _files.Select(entry => (JsonNode)$"file:{entry.Path}")]);
        return new JsonObject
        {
            ["bomFormat"] = "CycloneDX",
            ["specVersion"] = "1.6",
            ["version"] = 1,
            ["metadata"] = new JsonObject { ["component"] = model },
            ["components"] = components,
            ["dependencies"] = new JsonArray(new JsonObject { ["ref"] = "model", ["dependsOn"] = parts }),
        };
    }

    /// <remarks>in-toto Statement v1 and SLSA Provenance v1: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md, https://slsa.dev/spec/v1.0/provenance.</remarks>
    private JsonObject Statement(Digest image)
    {
        var materials = new JsonArray(
            new JsonObject { ["uri"] = $"docker://{baseReference}", ["digest"] = Sha256(baseImage.Reference.Digest!.Value.Hex) });
        if (!IsLocal)
        {
            var unpinned = request.Model.Reference.Split('@')[0];
            materials.Add(new JsonObject { ["uri"] = $"{unpinned}@{Revision}", ["digest"] = new JsonObject { ["gitCommit"] = Revision } });
        }
        foreach (var (path, file) in _files)
            materials.Add(new JsonObject { ["name"] = path, ["digest"] = Sha256(file.Sha256) });
        return new JsonObject
        {
            ["_type"] = "https://in-toto.io/Statement/v1",
            ["subject"] = new JsonArray(new JsonObject { ["name"] = request.Repository, ["digest"] = Sha256(image.Hex) }),
            ["predicateType"] = "https://slsa.dev/provenance/v1",
            ["predicate"] = new JsonObject
            {
                ["buildDefinition"] = new JsonObject
                {
                    ["buildType"] = $"{Builder}/v1",
                    ["externalParameters"] = new JsonObject
                    {
                        ["model"] = request.Model.Name,
                        ["revision"] = Revision,
                        ["baseImage"] = request.BaseImage,
                        ["platform"] = request.Platform.ToString(),
                        ["layerCompression"] = request.Compression.ToString().ToLowerInvariant(),
                        ["recipe"] = new JsonObject
                        {
                            ["name"] = Path.GetFileName(request.DockerfilePath),
                            ["digest"] = Sha256(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(request.DockerfilePath)))),
                        },
                    },
                    ["resolvedDependencies"] = materials,
                },
                ["runDetails"] = new JsonObject { ["builder"] = new JsonObject { ["id"] = Builder } },
            },
        };
    }

    private static JsonObject Sha256(string hex) => new() { ["sha256"] = hex };
}
