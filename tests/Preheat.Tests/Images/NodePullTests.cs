using Preheat.Benchmarks.Pull;
using Preheat.Images;
using Preheat.Tests.Models;

namespace Preheat.Tests.Images;

/// <summary>containerd pulls and unpacks what the baker pushes, as a node does.</summary>
public sealed class NodePullTests(DebianRegistry registry) : IClassFixture<DebianRegistry>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(LayerCompression.None)]
    [InlineData(LayerCompression.Gzip)]
    [InlineData(LayerCompression.Zstd)]
    public async Task Ctr_unpacks_the_files_of_the_source(LayerCompression compression)
    {
        var name = $"node-{compression}".ToLowerInvariant();
        var image = await SampleBake.RunAsync(registry, _folder, new RecordedEvents(), name, request => request with { Compression = compression });
        var reference = $"{registry.Address}/p/r/{name}@{image.Digest}";
        await using var containerd = await Containerd.StartAsync();
        await RunAsync(containerd.Pull(reference));
        Directory.CreateDirectory(_folder["mounted"]);
        await RunAsync(containerd.Mount(reference, _folder["mounted"]));
        try
        {
            (await File.ReadAllTextAsync(_folder["mounted/etc/os-release"])).ShouldBe("ID=sample\n");
            var unpacked = Directory.GetFiles(_folder["mounted/models/model"], "*", SearchOption.AllDirectories);
            unpacked.Select(path => Path.GetRelativePath(_folder["mounted/models/model"], path)).Order(StringComparer.Ordinal).ShouldBe(SampleModel.Needed);
            foreach (var path in SampleModel.Needed)
                SampleModel.Sha256(await File.ReadAllBytesAsync(_folder[$"mounted/models/model/{path}"])).ShouldBe(SampleModel.Sha256(SampleModel.Files()[path]), path);
        }
        finally
        {
            await RunAsync(containerd.Unmount(_folder["mounted"]));
        }
    }

    private static Task RunAsync((string Program, string[] Arguments) command) => DebianTool.RunAsync(command.Program, command.Arguments);
}
