using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Preheat.Benchmarks.Bake;
using Preheat.Images;
using Preheat.Models;

namespace Preheat.Benchmarks.Pull;

/// <summary>
/// What a node pays for an image: containerd pulls and unpacks the same model from Debian's docker-registry as the baker makes it, in every compression, and as buildah does by default.
/// Each image has its turn in every round, with a containerd of its own; medians are printed.
/// </summary>
internal static class PullBenchmark
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n" };

    public static async Task RunAsync(BakeOptions options, CancellationToken cancellation)
    {
        using var model = new GeneratedModel(options.Size);
        using var work = new WorkFolder();
        await model.WriteAsync(work["model"], cancellation);
        await using var registry = await RegistryProcess.StartAsync(real: true);
        var images = await PushAsync(model, work["model"], registry.Address, options.Peers, cancellation);
        var limit = new List<double>();
        for (var round = 0; round < options.Runs; round++)
        {
            limit.Add(await CopyAsync(work["model"], work["copy"], cancellation));
            foreach (var image in images)
                image.Runs.Add(await PullAsync(image, registry, round == 0 ? work["model"] : null, work["mounted"], cancellation));
        }
        var result = new PullResult(model.TotalBytes, limit, images, await ChildRun.LoadAverageAsync(cancellation));
        result.Print();
        var folder = Directory.CreateDirectory(Path.Combine(options.ArtifactsDirectory, "bench"));
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "pull.json"), JsonSerializer.Serialize(result, Json) + "\n", cancellation);
    }

    private static async Task<IReadOnlyList<PulledImage>> PushAsync(GeneratedModel model, string folder, Uri registry, bool peers, CancellationToken cancellation)
    {
        var endpoints = BakeBenchmark.Endpoints(registry);
        await BakeBenchmark.PushBaseAsync(endpoints, cancellation);
        var snapshot = await BakeBenchmark.ResolveAsync("hf://bench/generated", model, cancellation);
        var images = new List<PulledImage>();
        foreach (var compression in Enum.GetValues<LayerCompression>())
        {
            var name = $"{compression}".ToLowerInvariant();
            await BakeBenchmark.BakeAsync(new BenchImage(snapshot, model, name) { Compression = compression }, endpoints, new NoEvents(), cancellation);
            images.Add(await DescribeAsync($"built-in baker, {name}", name, registry, endpoints, cancellation));
        }
        if (peers)
        {
            await BakePeers.BuildahAsync(folder, registry, cancellation);
            images.Add(await DescribeAsync("buildah bud + push", "buildah", registry, endpoints, cancellation));
        }
        return images;
    }

    private static async Task<PulledImage> DescribeAsync(string title, string name, Uri registry, CloudEndpoints endpoints, CancellationToken cancellation)
    {
        using var client = new RegistryClient(BakeBenchmark.Host, endpoints, TimeProvider.System);
        var content = await client.GetManifestAsync($"bench/{name}", "1", cancellation);
        var manifest = ManifestJson.Read<ImageManifest>(content.Bytes.Span, $"The manifest of {name}");
        return new PulledImage(title, $"{registry.Authority}/bench/{name}:1", manifest.Layers.Sum(layer => layer.Size));
    }

    /// <param name="source">When given: the unpacked files are compared with those here.</param>
    private static async Task<PullRun> PullAsync(PulledImage image, RegistryProcess registry, string? source, string mountPoint, CancellationToken cancellation)
    {
        // What is still to be written to disk belongs to the one before.
        await RunAsync(("sync", []), cancellation);
        await using var containerd = await Containerd.StartAsync(cancellation);
        var (used, usedByRegistry) = (containerd.CpuTime, registry.CpuTime);
        var ctr = await RunAsync(containerd.Pull(image.Reference), cancellation);
        var run = new PullRun(ctr.Seconds, ctr.CpuSeconds + (containerd.CpuTime - used).TotalSeconds, (registry.CpuTime - usedByRegistry).TotalSeconds);
        if (source is not null)
        {
            Directory.CreateDirectory(mountPoint);
            await RunAsync(containerd.Mount(image.Reference, mountPoint), cancellation);
            try
            {
                await CompareAsync(image, source, Path.Combine(mountPoint, "models", "generated"), cancellation);
            }
            finally
            {
                await RunAsync(containerd.Unmount(mountPoint), CancellationToken.None);
            }
        }
        return run;
    }

    private static async Task CompareAsync(PulledImage image, string source, string unpacked, CancellationToken cancellation)
    {
        foreach (var path in Directory.GetFiles(source))
        {
            var copy = Path.Combine(unpacked, Path.GetFileName(path));
            if (!File.Exists(copy) || await HashAsync(path, cancellation) != await HashAsync(copy, cancellation))
                throw new PreheatException($"{image.Name}: ctr unpacked {Path.GetFileName(path)} to something else.");
        }
    }

    private static async Task<Digest> HashAsync(string path, CancellationToken cancellation)
    {
        await using var stream = File.OpenRead(path);
        return Digest.FromHash(await SHA256.HashDataAsync(stream, cancellation));
    }

    /// <summary>The machine's limit: one thread that reads, hashes, writes and waits for the disk, as a pull has to at least once.</summary>
    private static async Task<double> CopyAsync(string source, string target, CancellationToken cancellation)
    {
        Directory.CreateDirectory(target);
        var buffer = new byte[1 << 20];
        var clock = Stopwatch.StartNew();
        foreach (var path in Directory.GetFiles(source))
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using var input = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
            await using var output = new FileStream(Path.Combine(target, Path.GetFileName(path)), FileMode.Create, FileAccess.Write, FileShare.None, 0);
            int read;
            while ((read = await input.ReadAsync(buffer, cancellation)) > 0)
            {
                hash.AppendData(buffer.AsSpan(0, read));
                await output.WriteAsync(buffer.AsMemory(0, read), cancellation);
            }
            output.Flush(flushToDisk: true);
        }
        var seconds = clock.Elapsed.TotalSeconds;
        Directory.Delete(target, recursive: true);
        return seconds;
    }

    private static Task<ChildRun> RunAsync((string Program, string[] Arguments) command, CancellationToken cancellation) =>
        ChildRun.MeasureAsync(command.Program, command.Arguments, "/", new Dictionary<string, string>(), cancellation);
}
