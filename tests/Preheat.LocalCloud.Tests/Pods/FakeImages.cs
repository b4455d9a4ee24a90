using System.Collections.Concurrent;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using Preheat.LocalCloud.Registry;

namespace Preheat.LocalCloud.Tests.Pods;

/// <summary>An image to make: one layer of files unless <see cref="Layers"/> says otherwise.</summary>
internal sealed class ImageSpec
{
    public string[] Entrypoint { get; init; } = [];

    public string[] Cmd { get; init; } = [];

    public string[] Env { get; init; } = [];

    public Dictionary<string, byte[]> Files { get; } = [];

    public List<(byte[] Bytes, string MediaType)> Layers { get; } = [];
}

/// <summary>Images in memory whose layers are real files.</summary>
internal sealed class FakeImages(string directory) : IImageStore
{
    public const string Tar = "application/vnd.oci.image.layer.v1.tar";

    private readonly ConcurrentDictionary<string, StoredImage> _images = new();

    public StoredImage? Find(string reference) => _images.GetValueOrDefault(reference);

    public StoredImage Add(string reference, ImageSpec spec)
    {
        var blobs = spec.Layers.Count > 0 ? spec.Layers : [(MakeTar([.. spec.Files.Select(file => (TarEntry)new PaxTarEntry(TarEntryType.RegularFile, file.Key) { DataStream = new MemoryStream(file.Value) })]), Tar)];
        var layers = blobs.Select(blob => Store(blob.Bytes, blob.MediaType)).ToList();
        var digest = Digest([.. layers.SelectMany(layer => Convert.FromHexString(layer.Digest[7..])), .. System.Text.Encoding.UTF8.GetBytes(string.Join(' ', [.. spec.Entrypoint, .. spec.Cmd, .. spec.Env]))]);
        var image = new StoredImage(reference, digest, new ImageConfig(spec.Entrypoint, spec.Cmd, spec.Env, "", ""), layers);
        _images[reference] = image;
        _images[$"{reference[..reference.LastIndexOf(':')]}@{digest}"] = image;
        return image;
    }

    public StoredLayer Store(byte[] bytes, string mediaType)
    {
        Directory.CreateDirectory(directory);
        var digest = Digest(bytes);
        var path = Path.Combine(directory, digest[7..]);
        File.WriteAllBytes(path, bytes);
        return new StoredLayer(digest, bytes.Length, mediaType, path);
    }

    public static byte[] MakeTar(params TarEntry[] entries)
    {
        using var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, leaveOpen: true))
        {
            foreach (var entry in entries)
            {
                writer.WriteEntry(entry);
            }
        }

        return stream.ToArray();
    }

    public static byte[] Gzip(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return stream.ToArray();
    }

    public static PaxTarEntry FileEntry(string name, string text) => new(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)) };

    private static string Digest(byte[] bytes) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}";
}
