using System.Formats.Tar;
using System.Text;
using System.Text.Json.Nodes;

namespace Preheat.LocalCloud.Registry;

/// <summary>Stand-ins for <c>vllm/vllm-openai</c>: a root of a few files under the real images' entrypoint, environment and working directory.</summary>
/// <remarks>
/// Entrypoint, environment and directory are those of vLLM's <c>docker/Dockerfile</c> (stage <c>vllm-openai</c>) on
/// <c>nvidia/cuda:12.8.1-devel-ubuntu22.04</c>. The entrypoint became <c>vllm serve</c> with 0.11.1. The bytes are the same on every machine.
/// </remarks>
internal static class BaseImages
{
    public const string Repository = "vllm/vllm-openai";

    private const string DockerConfig = "application/vnd.docker.container.image.v1+json";
    private const string DockerLayer = "application/vnd.docker.image.rootfs.diff.tar.gzip";

    private static readonly string[] Module = ["python3", "-m", "vllm.entrypoints.openai.api_server"];
    private static readonly string[] Serve = ["vllm", "serve"];

    private static readonly (string Version, string Created, string[] Entrypoint)[] Versions =
    [
        ("0.10.2", "2025-09-13T00:00:00Z", Module),
        ("0.11.0", "2025-10-02T00:00:00Z", Module),
        ("0.11.1", "2025-11-18T00:00:00Z", Serve),
    ];

    private static readonly string[] Environment =
    [
        "PATH=/usr/local/nvidia/bin:/usr/local/cuda/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "NVARCH=x86_64",
        "CUDA_VERSION=12.8.1",
        "LD_LIBRARY_PATH=/usr/local/nvidia/lib:/usr/local/nvidia/lib64",
        "NVIDIA_VISIBLE_DEVICES=all",
        "NVIDIA_DRIVER_CAPABILITIES=compute,utility",
        "LIBRARY_PATH=/usr/local/cuda/lib64/stubs",
        "DEBIAN_FRONTEND=noninteractive",
        "UV_HTTP_TIMEOUT=500",
        "UV_INDEX_STRATEGY=unsafe-best-match",
        "UV_LINK_MODE=copy",
        "VLLM_USAGE_SOURCE=production-docker-image",
    ];

    /// <summary>Puts the images in that are not there yet.</summary>
    public static void Seed(RepositoryStore store)
    {
        foreach (var (version, created, entrypoint) in Versions)
        {
            if (!store.TryManifest(Repository, $"v{version}", out _))
            {
                Put(store, version, created, entrypoint);
            }
        }
    }

    private static void Put(RepositoryStore store, string version, string created, string[] entrypoint)
    {
        byte[][] layers = [Layer(OperatingSystemFiles()), Layer(ServerFiles(version))];
        var config = Encode(new JsonObject
        {
            ["architecture"] = "amd64",
            ["os"] = "linux",
            ["created"] = created,
            ["config"] = new JsonObject
            {
                ["Entrypoint"] = Array(entrypoint),
                ["Env"] = Array(Environment),
                ["WorkingDir"] = "/vllm-workspace",
                ["Labels"] = new JsonObject { ["org.opencontainers.image.title"] = "Preheat's stand-in for vllm/vllm-openai", ["org.opencontainers.image.version"] = version },
            },
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = Array([.. layers.Select(layer => Digest.Of(layer).ToString())]) },
            ["history"] = new JsonArray(
                new JsonObject { ["created"] = created, ["created_by"] = "ubuntu:22.04 (stand-in)" },
                new JsonObject { ["created"] = created, ["created_by"] = $"RUN uv pip install vllm=={version} (stand-in)" },
                new JsonObject { ["created"] = created, ["created_by"] = $"ENTRYPOINT {Array(entrypoint).ToJsonString()}", ["empty_layer"] = true }),
        });
        var packed = layers.Select(layer => StoredGzip.Wrap(layer)).ToList();
        foreach (var blob in packed.Append(config))
        {
            store.PutBlob(Repository, Digest.Of(blob), blob);
        }

        var manifest = Encode(new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = ManifestRules.DockerManifest,
            ["config"] = Descriptor(DockerConfig, config),
            ["layers"] = new JsonArray([.. packed.Select(blob => Descriptor(DockerLayer, blob))]),
        });
        store.PutManifest(Repository, new StoredManifest(Digest.Of(manifest), ManifestRules.DockerManifest), manifest, $"v{version}");
    }

    private static IEnumerable<(string Path, string Text, bool Program)> OperatingSystemFiles() =>
    [
        ("etc/os-release", "PRETTY_NAME=\"Ubuntu 22.04.5 LTS\"\nNAME=\"Ubuntu\"\nVERSION_ID=\"22.04\"\nID=ubuntu\nID_LIKE=debian\n", false),
        ("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n", false),
        ("usr/bin/python3", "This file stands for CPython 3.12 in Preheat's embedded cloud.\n", true),
    ];

    private static IEnumerable<(string Path, string Text, bool Program)> ServerFiles(string version) =>
    [
        ("usr/local/bin/vllm", "This file stands for vLLM's command line in Preheat's embedded cloud.\n", true),
        ($"usr/local/lib/python3.12/dist-packages/vllm-{version}.dist-info/METADATA", $"Metadata-Version: 2.4\nName: vllm\nVersion: {version}\nLicense-Expression: Apache-2.0\n", false),
        ("vllm-workspace/README", "The working directory of the vLLM image.\n", false),
    ];

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
