using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Preheat.Images;
using Preheat.Models;
using Preheat.Runs;

namespace Preheat.Benchmarks.Bake;

/// <summary>Bakes a generated model into a registry and prints rate and peak memory beside the machine's limit, one thread of SHA-256 over the same bytes.</summary>
internal static class BakeBenchmark
{
    private const string Host = "bench-docker.pkg.dev";

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n" };

    public static async Task RunAsync(BakeOptions options, CancellationToken cancellation)
    {
        await using var registry = await RegistryProcess.StartAsync(options.RealRegistry);
        var endpoints = new CloudEndpoints
        {
            Hub = registry.Address,
            Registries = new Dictionary<string, Uri>(StringComparer.OrdinalIgnoreCase) { [Host] = registry.Address },
        };
        await PushBaseAsync(endpoints, cancellation);
        using var model = new GeneratedModel(options.Size);
        var sink = new NoEvents();
        var snapshot = await ModelResolver.ResolveAsync(ModelReference.Parse("hf://bench/generated"), new ResolveOptions(), model, sink, TimeProvider.System, cancellation);
        using var recipe = new RecipeFile();

        var clock = Stopwatch.StartNew();
        var image = await Baker.BakeAsync(
            new BakeRequest
            {
                Model = snapshot,
                Source = model,
                BaseImage = $"{Host}/bench/base:1",
                DockerfilePath = recipe.Path,
                Repository = $"{Host}/bench/generated",
                Tag = "1",
                Region = "bench",
            },
            endpoints,
            sink,
            TimeProvider.System,
            cancellation);
        var seconds = clock.Elapsed.TotalSeconds;
        var peak = PeakMemory();
        var limitSeconds = await HashAsync(model, snapshot, cancellation);
        var result = new BakeResult(
            options.RealRegistry ? "registry" : "discard", model.TotalBytes, image.Digest, seconds, model.TotalBytes / seconds, peak, model.TotalBytes / limitSeconds, limitSeconds / seconds);
        Print(result);
        await WriteAsync(options.ArtifactsDirectory, result, cancellation);
    }

    /// <summary>The machine's limit: one thread that makes and hashes the same bytes.</summary>
    private static async Task<double> HashAsync(GeneratedModel model, ModelSnapshot snapshot, CancellationToken cancellation)
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
        return clock.Elapsed.TotalSeconds;
    }

    /// <summary>Most memory this process has had resident (VmHWM), in bytes.</summary>
    private static long PeakMemory()
    {
        const string key = "VmHWM:";
        var line = File.ReadLines("/proc/self/status").First(text => text.StartsWith(key, StringComparison.Ordinal));
        return long.Parse(line[key.Length..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.Integer, CultureInfo.InvariantCulture) * 1024;
    }

    private static async Task PushBaseAsync(CloudEndpoints endpoints, CancellationToken cancellation)
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

    private static void Print(BakeResult result)
    {
        var sink = result.Sink == "discard" ? "a registry that discards" : "docker-registry";
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"bake of {ByteSize.Format(result.Bytes)} into {sink}"));
        Console.WriteLine($"{"",-26}{"MB/s",10}{"of limit",10}{"peak RSS",12}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"built-in baker",-26}{result.BytesPerSecond / 1e6,10:N0}{result.OfLimit,10:0.00}{result.PeakRssBytes / 1048576.0,8:N0} MiB"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"limit: SHA-256, 1 thread",-26}{result.LimitBytesPerSecond / 1e6,10:N0}{1,10:0.00}{"–",12}"));
    }

    private static async Task WriteAsync(string artifacts, BakeResult result, CancellationToken cancellation)
    {
        var folder = Directory.CreateDirectory(Path.Combine(artifacts, "bench"));
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "bake.json"), JsonSerializer.Serialize(result, Json) + "\n", cancellation);
    }

    /// <param name="Sink"><c>discard</c> or <c>registry</c>.</param>
    /// <param name="OfLimit">Our rate as a share of the limit's.</param>
    private sealed record BakeResult(
        string Sink, long Bytes, string Digest, double Seconds, double BytesPerSecond, long PeakRssBytes, double LimitBytesPerSecond, double OfLimit);

    private sealed class NoEvents : IEventSink
    {
        public void Emit(RunEvent runEvent)
        {
            // A measurement prints nothing in between.
        }
    }

    private sealed class RecipeFile : IDisposable
    {
        public RecipeFile() => File.WriteAllText(Path, "ARG BASE_IMAGE\nFROM scratch AS weights\nFROM ${BASE_IMAGE}\nCOPY --from=weights / /models/generated\n");

        public string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }
}
