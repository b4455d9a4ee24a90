using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Preheat.Models;
using Preheat.Runs;

namespace Preheat.Benchmarks.Bake;

/// <summary>Bakes a model into Debian's docker-registry once, then again: unchanged from a directory, unchanged from a hub on a machine without receipts, and with one shard changed.</summary>
internal static class RebakeBenchmark
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n" };

    public static async Task RunAsync(BakeOptions options, CancellationToken cancellation)
    {
        await using var registry = await RegistryProcess.StartAsync(real: true);
        var endpoints = BakeBenchmark.Endpoints(registry.Address);
        await BakeBenchmark.PushBaseAsync(endpoints, cancellation);
        using var generated = new GeneratedModel(options.Size);
        var folder = Directory.CreateTempSubdirectory("preheat-bench-model-");
        try
        {
            await generated.WriteAsync(folder.FullName, cancellation);
            var directory = ModelReference.Parse($"file://{folder.FullName}");
            IModelSource Local() => new DirectoryModelSource(folder.FullName);
            using var local = Local();
            // A hub names files by their content; so do those of the directory once they are hashed.
            var named = await ModelResolver.ResolveAsync(directory, new ResolveOptions { VerifyContent = true }, local, new MovedBytes(), TimeProvider.System, cancellation);
            using var hub = new NamedSource(generated, named.Files);
            var journal = Path.Combine(folder.FullName, ".journal.jsonl");
            var results = new List<RebakeResult>();

            async Task MeasureAsync(string what, ModelReference reference, Func<IModelSource> open, string? journalPath, int times)
            {
                var runs = new List<RebakeResult>();
                for (var run = 0; run < times; run++)
                {
                    var moved = new MovedBytes();
                    var readBefore = hub.BytesRead;
                    var clock = Stopwatch.StartNew();
                    using var source = open();
                    var snapshot = await ModelResolver.ResolveAsync(reference, new ResolveOptions(), source, moved, TimeProvider.System, cancellation);
                    var resolved = clock.Elapsed;
                    await BakeBenchmark.BakeAsync(new BenchImage(snapshot, source, "rebaked") { JournalPath = journalPath }, endpoints, moved, cancellation);
                    runs.Add(new RebakeResult(what, clock.Elapsed.TotalSeconds, resolved.TotalSeconds, moved.Total, hub.BytesRead - readBefore));
                }
                results.Add(runs.OrderBy(run => run.Seconds).ElementAt(runs.Count / 2));
            }

            await MeasureAsync("first bake, directory", directory, Local, journal, 1);
            await MeasureAsync("unchanged, directory", directory, Local, journal, options.Runs);
            await MeasureAsync("unchanged, hub, no receipts", ModelReference.Parse("hf://bench/generated"), () => hub, null, options.Runs);
            ChangeLastByte(Directory.GetFiles(folder.FullName, "*.safetensors").Order(StringComparer.Ordinal).ElementAt(1));
            await MeasureAsync("one of four shards changed", directory, Local, journal, 1);

            Print(generated.TotalBytes, options.Runs, results);
            var output = Directory.CreateDirectory(Path.Combine(options.ArtifactsDirectory, "bench"));
            await File.WriteAllTextAsync(Path.Combine(output.FullName, "rebake.json"), JsonSerializer.Serialize(new { bytes = generated.TotalBytes, results }, Json) + "\n", cancellation);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void ChangeLastByte(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = file.Length - 1;
        var last = file.ReadByte();
        file.Position = file.Length - 1;
        file.WriteByte((byte)(last ^ 1));
    }

    private static void Print(long bytes, int times, IReadOnlyList<RebakeResult> results)
    {
        Console.WriteLine($"bake again of {ByteSize.Format(bytes)} in docker-registry, resolving included (median of {times} where nothing changed)");
        Console.WriteLine($"{"",-30}{"seconds",10}{"resolve",10}{"sent MB",12}{"from hub MB",14}");
        foreach (var result in results)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.What,-30}{result.Seconds,10:0.00}{result.ResolveSeconds,10:0.00}{result.SentBytes / 1e6,12:N1}{result.HubBytes / 1e6,14:N1}"));
    }

    /// <param name="ResolveSeconds">The part of the seconds in which the model was resolved.</param>
    /// <param name="SentBytes">Bytes of content that went to the registry.</param>
    /// <param name="HubBytes">Bytes read from the hub: safetensors headers and configuration.</param>
    private sealed record RebakeResult(string What, double Seconds, double ResolveSeconds, long SentBytes, long HubBytes);

    /// <summary>Adds up what transfers tell.</summary>
    private sealed class MovedBytes : IEventSink
    {
        private readonly Dictionary<string, long> _subjects = new(StringComparer.Ordinal);

        public long Total => _subjects.Values.Sum();

        public void Emit(RunEvent runEvent)
        {
            if (runEvent is not ByteProgress progress)
                return;
            lock (_subjects)
                _subjects[progress.Subject] = progress.Done;
        }
    }

    /// <summary>A generated model whose files are named by their content, as a hub's; counts what is read of it.</summary>
    private sealed class NamedSource(GeneratedModel model, IReadOnlyList<ModelFile> files) : IModelSource
    {
        private long _read;

        public long BytesRead => Interlocked.Read(ref _read);

        public string Description => "the generated model on a hub";

        public async Task<ModelListing> ListAsync(CancellationToken cancellation) => (await model.ListAsync(cancellation)) with { Files = files };

        public Task<Stream> OpenAsync(ModelFile file, long offset, long? length, CancellationToken cancellation)
        {
            Interlocked.Add(ref _read, Math.Min(length ?? long.MaxValue, file.Size - offset));
            return model.OpenAsync(file, offset, length, cancellation);
        }

        public void Dispose()
        {
            // The model belongs to whoever made it.
        }
    }
}
