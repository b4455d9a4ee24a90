using System.Formats.Tar;
using System.Text;
using System.Text.Json.Nodes;

namespace Preheat.LocalCloud.Registry;

/// <summary>Stand-ins for the images of inference servers: a root of a few files under the real images' entrypoint, environment and working directory.</summary>
internal static class BaseImages
{
    private const string DockerConfig = "application/vnd.docker.container.image.v1+json";
    private const string DockerLayer = "application/vnd.docker.image.rootfs.diff.tar.gzip";

    /// <summary>Puts the images in that are not there yet.</summary>
    public static void Seed(RepositoryStore store)
    {
        foreach (var image in StandIn.All)
        {
            if (!store.TryManifest(image.Repository, image.Tag, out _))
            {
                Put(store, image);
            }
        }
    }

    private static void Put(RepositoryStore store, StandIn image)
    {
        byte[][] layers = [Layer(image.OperatingSystemFiles), Layer(image.ServerFiles)];
        var config = Encode(new JsonObject
        {
            ["architecture"] = "amd64",
            ["os"] = "linux",
            ["created"] = image.Created,
            ["config"] = new JsonObject
            {
                ["Entrypoint"] = Array(image.Entrypoint),
                ["Env"] = Array(image.Environment),
                ["WorkingDir"] = image.WorkingDirectory,
                ["Labels"] = new JsonObject { ["org.opencontainers.image.title"] = $"Preheat's stand-in for {image.Name}", ["org.opencontainers.image.version"] = image.Version },
            },
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = Array([.. layers.Select(layer => Digest.Of(layer).ToString())]) },
            ["history"] = new JsonArray(
                new JsonObject { ["created"] = image.Created, ["created_by"] = "ubuntu:22.04 (stand-in)" },
                new JsonObject { ["created"] = image.Created, ["created_by"] = image.Installed },
                new JsonObject { ["created"] = image.Created, ["created_by"] = $"ENTRYPOINT {Array(image.Entrypoint).ToJsonString()}", ["empty_layer"] = true }),
        });
        var packed = layers.Select(layer => StoredGzip.Wrap(layer)).ToList();
        foreach (var blob in packed.Append(config))
        {
            store.PutBlob(image.Repository, Digest.Of(blob), blob);
        }

        var manifest = Encode(new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = ManifestRules.DockerManifest,
            ["config"] = Descriptor(DockerConfig, config),
            ["layers"] = new JsonArray([.. packed.Select(blob => Descriptor(DockerLayer, blob))]),
        });
        store.PutManifest(image.Repository, new StoredManifest(Digest.Of(manifest), ManifestRules.DockerManifest), manifest, image.Tag);
    }

    private static byte[] Layer(IEnumerable<(string Path, string Text, bool Program)> files)
    {
        const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        const UnixFileMode Executable = Readable | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        var output = new MemoryStream();
        using (var tar = new TarWriter(output, TarEntryFormat.Ustar, leaveOpen: true))
        {
            var folders = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (path, text, program) in files)
            {
                for (var slash = path.IndexOf('/'); slash >= 0; slash = path.IndexOf('/', slash + 1))
                {
                    if (folders.Add(path[..slash]))
                    {
                        tar.WriteEntry(new UstarTarEntry(TarEntryType.Directory, path[..(slash + 1)]) { Mode = Executable, ModificationTime = DateTimeOffset.UnixEpoch });
                    }
                }

                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, path)
                {
                    Mode = program ? Executable : Readable,
                    ModificationTime = DateTimeOffset.UnixEpoch,
                    DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)),
                });
            }
        }

        return output.ToArray();
    }

    private static JsonObject Descriptor(string mediaType, byte[] content) =>
        new() { ["mediaType"] = mediaType, ["size"] = content.Length, ["digest"] = Digest.Of(content).ToString() };

    private static JsonArray Array(IReadOnlyList<string> values) => new([.. values.Select(value => JsonValue.Create(value))]);

    private static byte[] Encode(JsonNode node) => Encoding.UTF8.GetBytes(node.ToJsonString());
}
