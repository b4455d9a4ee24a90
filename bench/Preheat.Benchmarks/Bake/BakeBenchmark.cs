using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Preheat.Images;
using Preheat.Models;
using Preheat.Runs;

namespace Preheat.Benchmarks.Bake;

/// <summary>
/// Bakes a generated model: into a registry that discards, beside the machine's limit (one thread of SHA-256 over the same bytes), and the same files from disk into
/// Debian's docker-registry, beside buildah and umoci with skopeo. Each program has its turn in every round, so that a busy machine slows all of them; medians are printed.
/// </summary>
internal static class BakeBenchmark
{
    internal const string Host = "bench-docker.pkg.dev";

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n" };

    public static async Task RunAsync(BakeOptions options, CancellationToken cancellation)
    {
        using var model = new GeneratedModel(options.Size);
        var result = new BakeResult { Bytes = model.TotalBytes };
        for (var i = 0; i < options.Runs; i++)
        {
            result.Limit.Add(await HashAsync(model, await ResolveAsync("hf://bench/generated", model, cancellation), cancellation));
            result.Discard.Add(await BakeAsync("hf://bench/generated", model, real: false, cancellation));
        }
        // Before the peers: the peak of the baker itself.
        result.PeakRssBytes = PeakMemory();
        if (options.Peers)
        {
            using var work = new WorkFolder();
            await model.WriteAsync(work["model"], cancellation);
            for (var i = 0; i < options.Runs; i++)
            {
                using var source = new DirectoryModelSource(work["model"]);
                result.Registry.Add(await BakeAsync($"file://{work["model"]}", source, real: true, cancellation));
                result.Umoci.Add(await PeerAsync(BakePeers.UmociAsync, work["model"], cancellation));
                result.Buildah.Add(await PeerAsync(BakePeers.BuildahAsync, work["model"], cancellation));
            }
        }
        result.LoadAverage = (await File.ReadAllTextAsync("/proc/loadavg", cancellation)).Split(' ')[0];
        BakeReport.Print(result);
        var folder = Directory.CreateDirectory(Path.Combine(options.ArtifactsDirectory, "bench"));
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "bake.json"), JsonSerializer.Serialize(result, Json) + "\n", cancellation);
    }

    internal static Task<ModelSnapshot> ResolveAsync(string reference, IModelSource source, CancellationToken cancellation) =>
        ModelResolver.ResolveAsync(ModelReference.Parse(reference), new ResolveOptions(), source, new NoEvents(), TimeProvider.System, cancellation);

    private static async Task<BakeRun> BakeAsync(string reference, IModelSource source, bool real, CancellationToken cancellation)
    {
        await using var registry = await RegistryProcess.StartAsync(real);
        var endpoints = Endpoints(registry.Address);
        await PushBaseAsync(endpoints, cancellation);
        var snapshot = await ResolveAsync(reference, source, cancellation);
        var used = Environment.CpuUsage.TotalTime;
        var usedByRegistry = registry.CpuTime;
        var clock = Stopwatch.StartNew();
        await BakeAsync(new BenchImage(snapshot, source, "generated"), endpoints, new NoEvents(), cancellation);
        return new BakeRun(clock.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - used).TotalSeconds, (registry.CpuTime - usedByRegistry).TotalSeconds);
    }

    /// <summary>Bakes onto the small base image of <see cref="PushBaseAsync"/>, to <c>bench/NAME:1</c>.</summary>
    internal static async Task BakeAsync(BenchImage image, CloudEndpoints endpoints, IEventSink events, CancellationToken cancellation)
    {
        using var recipe = new RecipeFile();
        await Baker.BakeAsync(
            new BakeRequest
            {
                Model = image.Model,
                Source = image.Source,
                BaseImage = $"{Host}/bench/base:1",
                DockerfilePath = recipe.Path,
                Repository = $"{Host}/bench/{image.Name}",
                Tag = "1",
                Region = "bench",
                Compression = image.Compression,
                JournalPath = image.JournalPath,
            },
            endpoints,
            events,
            TimeProvider.System,
            cancellation);
    }

    private static async Task<BakeRun> PeerAsync(Func<string, Uri, CancellationToken, Task<TimeSpan>> peer, string model, CancellationToken cancellation)
    {
        await using var registry = await RegistryProcess.StartAsync(real: true);
        return new BakeRun((await peer(model, registry.Address, cancellation)).TotalSeconds, null, registry.CpuTime.TotalSeconds);
    }

    /// <summary>The machine's limit: one thread that makes and hashes the same bytes.</summary>
    private static async Task<BakeRun> HashAsync(GeneratedModel model, ModelSnapshot snapshot, CancellationToken cancellation)
    {
        var buffer = new byte[1 << 20];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var clock = Stopwatch.StartNew();
        foreach (var file in snapshot.Files)
        {
            await using var stream = await model.OpenAsync(file, 0, null, cancellation);
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellation)) > 0)
                hash.AppendData(buffer.AsSpan(0, read));
        }
        hash.GetHashAndReset();
        return new BakeRun(clock.Elapsed.TotalSeconds, null, null);
    }

    /// <summary>Most memory this process has had resident (VmHWM), in bytes.</summary>
    private static long PeakMemory()
    {
        const string key = "VmHWM:";
        var line = File.ReadLines("/proc/self/status").First(text => text.StartsWith(key, StringComparison.Ordinal));
        return long.Parse(line[key.Length..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.Integer, CultureInfo.InvariantCulture) * 1024;
    }

    internal static CloudEndpoints Endpoints(Uri registry) => new()
    {
        Hub = registry,
        Registries = new Dictionary<string, Uri>(StringComparer.OrdinalIgnoreCase) { [Host] = registry },
    };

    internal static async Task PushBaseAsync(CloudEndpoints endpoints, CancellationToken cancellation)
    {
        const string repository = "bench/base";
        using var client = new RegistryClient(Host, endpoints, TimeProvider.System);
        byte[] layer = [.. TarHeaders.Directory("etc"), .. TarHeaders.End.Span];
        var layerDigest = Digest.Of(layer);
        var config = Encoding.UTF8.GetBytes($$$"""{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["{{{layerDigest}}}"]}}""");
        foreach (var blob in new[] { layer, config })
            await client.Uploads.PushAsync(repository, blob, cancellation);
        var manifest = ManifestJson.Write(new ImageManifest
        {
            MediaType = MediaTypes.OciManifest,
            Config = new Descriptor { MediaType = MediaTypes.OciConfig, Digest = Digest.Of(config), Size = config.Length },
            Layers = [new Descriptor { MediaType = MediaTypes.OciLayer, Digest = layerDigest, Size = layer.Length }],
        });
        await client.Uploads.PutManifestAsync(repository, "1", MediaTypes.OciManifest, manifest, cancellation);
    }

    private sealed class RecipeFile : IDisposable
    {
        public RecipeFile() => File.WriteAllText(Path, "ARG BASE_IMAGE\nFROM scratch AS weights\nFROM ${BASE_IMAGE}\nCOPY --from=weights / /models/generated\n");

        public string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }
}

/// <summary>What to bake.</summary>
/// <param name="Name">Last part of the repository.</param>
internal sealed record BenchImage(ModelSnapshot Model, IModelSource Source, string Name)
{
    public LayerCompression Compression { get; init; }

    public string? JournalPath { get; init; }
}

/// <summary>A measurement prints nothing in between.</summary>
internal sealed class NoEvents : IEventSink
{
    public void Emit(RunEvent runEvent)
    {
        // Thrown away.
    }
}
