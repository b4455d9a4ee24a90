namespace Preheat.Tests.Images;

/// <summary>Debian's docker-registry on a free loopback port, its store in a folder that goes with it.</summary>
public sealed class DebianRegistry : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private DebianRegistryProcess? _process;

    public string Address { get; private set; } = "";

    /// <summary>A base image with two gzip layers, pushed by skopeo: <c>docker.io/acme/server:1</c> for endpoints of this registry.</summary>
    public const string BaseImage = "acme/server:1";

    public CloudEndpoints Endpoints => new()
    {
        Hub = new Uri("http://127.0.0.1:1/"),
        Registries = new Dictionary<string, Uri>(StringComparer.OrdinalIgnoreCase)
        {
            ["local-docker.pkg.dev"] = new($"http://{Address}/"),
            ["docker.io"] = new($"http://{Address}/"),
        },
    };

    /// <summary>Where the registry keeps a blob; for tests that damage one.</summary>
    public string BlobPath(string hex) => _folder[$"root/docker/registry/v2/blobs/sha256/{hex[..2]}/{hex}/data"];

    public async Task InitializeAsync()
    {
        _process = await DebianRegistryProcess.StartAsync(_folder.Path);
        Address = _process.Address;
        await PushBaseAsync();
    }

    public async Task DisposeAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        _folder.Dispose();
    }

    private async Task PushBaseAsync()
    {
        var layout = _folder["base"];
        await DebianTool.RunAsync("umoci", "init", "--layout", layout);
        await DebianTool.RunAsync("umoci", "new", "--image", $"{layout}:1");
        Directory.CreateDirectory(_folder["files/etc"]);
        // A base image has the working directory that its config names.
        Directory.CreateDirectory(_folder["files/vllm-workspace"]);
        await File.WriteAllTextAsync(_folder["files/etc/os-release"], "ID=sample\n");
        await DebianTool.RunAsync("umoci", "insert", "--rootless", "--image", $"{layout}:1", _folder["files"], "/");
        await DebianTool.RunAsync("umoci", "insert", "--rootless", "--image", $"{layout}:1", _folder["files/etc/os-release"], "/usr/lib/os-release");
        await DebianTool.RunAsync(
            "umoci", "config", "--image", $"{layout}:1", "--config.env", "PATH=/usr/bin", "--config.env", "CUDA=12", "--config.entrypoint", "vllm", "--config.entrypoint", "serve",
            "--config.workingdir", "/vllm-workspace", "--config.stopsignal", "SIGINT");
        await DebianTool.RunAsync("skopeo", "copy", "--preserve-digests", $"oci:{layout}:1", $"docker://{Address}/{BaseImage}", "--dest-tls-verify=false");
    }
}
