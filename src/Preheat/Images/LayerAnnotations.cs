using System.Text.Json;

namespace Preheat.Images;

/// <summary>What a layer's descriptor says of the files inside, so that any machine can tell an unchanged layer without reading it.</summary>
/// <remarks>Only what follows from the content is written (hashes, git blob ids), so that the same model gives the same manifest on every machine.</remarks>
public static class LayerAnnotations
{
    /// <summary>Form of the layer; another form is another layer although the files are the same.</summary>
    public const string FormKey = "dev.preheat.layer";

    /// <summary>JSON array of <see cref="KnownFile"/>.</summary>
    public const string FilesKey = "dev.preheat.files";

    /// <summary>Digest of the tar, on layers that are stored compressed.</summary>
    public const string DiffIdKey = "dev.preheat.diff-id";

    /// <summary>Tar, owner 0:0, time 0, modes 0644 and 0755, files sorted.</summary>
    public const string Form = "tar/1";

    private const string GitPrefix = "git:";

    /// <summary>The descriptor of a layer, annotated.</summary>
    public static Descriptor Describe(KnownLayer layer)
    {
        var annotations = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            [FilesKey] = JsonSerializer.Serialize(layer.Files.Select(Portable), ManifestJson.Options),
            [FormKey] = Form,
        };
        if (layer.Uncompressed is { } diffId)
            annotations[DiffIdKey] = diffId.ToString();
        return new Descriptor { MediaType = LayerCompressions.MediaType(layer.Compression), Digest = layer.Digest, Size = layer.Size, Annotations = annotations };
    }

    /// <summary>The layer that a descriptor describes; null when it carries no annotations of this form.</summary>
    public static KnownLayer? Read(Descriptor descriptor)
    {
        if (descriptor.Annotations is not { } annotations || annotations.GetValueOrDefault(FormKey) != Form || !annotations.TryGetValue(FilesKey, out var json)
            || LayerCompressions.OfMediaType(descriptor.MediaType) is not { } compression)
            return null;
        Digest? diffId = Digest.TryParse(annotations.GetValueOrDefault(DiffIdKey), out var stated) ? stated : null;
        if (diffId is null != (compression == LayerCompression.None))
            return null;
        try
        {
            return JsonSerializer.Deserialize<List<KnownFile>>(json, ManifestJson.Options) is { Count: > 0 } files
                ? new KnownLayer(descriptor.Digest, descriptor.Size, files) { Compression = compression, Uncompressed = diffId }
                : null;
        }
        catch (JsonException)
        {
            // Someone else's annotation: the layer is made anew.
            return null;
        }
    }

    private static KnownFile Portable(KnownFile file) =>
        file.Identity is { } identity && identity.StartsWith(GitPrefix, StringComparison.Ordinal) ? file : file with { Identity = null };
}
