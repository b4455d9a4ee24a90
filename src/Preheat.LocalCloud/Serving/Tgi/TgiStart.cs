using System.Globalization;
using Preheat.LocalCloud.Hub;
using Preheat.LocalCloud.Pods;
using Preheat.LocalCloud.Serving.ModelFiles;
using Preheat.Simulation.Hardware;

namespace Preheat.LocalCloud.Serving.Tgi;

/// <summary>
/// The start of Text Generation Inference, phase by phase on the infrastructure's clock: launcher and download, shards with their weights, warm-up and CUDA graphs.
/// Lines and their order are those of logs of 3.3.
/// </summary>
internal sealed class TgiStart(ContainerStart start, ServerCommand command, ModelHub? hub)
{
    private static readonly TimeSpan ImportTime = TimeSpan.FromSeconds(12);

    private readonly TgiLog log = new(start.Log, start.Clock.Time);

    /// <summary>Goes through all phases.</summary>
    /// <exception cref="ServerExit">The launcher would have ended by itself.</exception>
    public async Task<TgiServer> RunAsync(CancellationToken cancellation)
    {
        var args = TgiArguments.Parse(command.Arguments, start.Environment);
        log.IsJson = args.Switch("json-output");
        log.Launcher(string.Join('\n', args.Lines()));
        var shards = TgiEngine.Shards(args, start.AcceleratorCount);
        if (shards > 1)
        {
            log.Launcher($"Sharding model on {shards} processes");
        }

        FoundModel? found = null;
        await StartPhase.RunAsync(start, "import", ImportTime, () => found = Download(args), cancellation);
        var hardware = Accelerators.Find(start.Accelerator);
        if (start.AcceleratorCount < 1 || hardware is null)
        {
            throw TgiEngine.ShardFailed(start.AcceleratorCount < 1
                ? "RuntimeError: No CUDA GPUs are available"
                : $"RuntimeError: No simulated hardware profile for accelerator '{start.Accelerator}'. Known: {string.Join(", ", Accelerators.All.Select(a => a.Name))}.");
        }

        var folder = Open(found!);
        // Everything that can be refused is refused before the modelled read.
        var engine = TgiEngine.Create(folder, args, hardware, start.AcceleratorCount);
        if (args.Number("max-batch-prefill-tokens") is null)
        {
            log.Launcher($"Default `max_batch_prefill_tokens` to {engine.Batch.MaxNumBatchedTokens}");
        }

        var eager = args.Text("cuda-graphs") == "0";
        var phases = StartPhases.For(folder, found!.Place, "auto", eager);
        for (var rank = 0; rank < shards; rank++)
        {
            log.Launcher("shard-manager", $"Starting shard rank={rank}");
        }

        await StartPhase.RunAsync(start, "weights", phases.Weights, () => { }, cancellation);
        for (var rank = 0; rank < shards; rank++)
        {
            log.Launcher($"Server started at unix://{args.Text("shard-uds-path")}-{rank}");
            log.Launcher("shard-manager", string.Create(CultureInfo.InvariantCulture, $"Shard ready in {phases.Weights.TotalSeconds:0.000000000}s rank={rank}"));
        }

        log.Launcher("Starting Webserver");
        log.Router("text_generation_router_v3: backends/v3/src/lib.rs:125", "Warming up model");
        // TGI compiles nothing; capturing its few graphs is about a third of what vLLM's compilation and graphs take.
        await StartPhase.RunAsync(start, "compile", phases.Compile / 3, () => Warm(args, engine, eager), cancellation);
        return new TgiServer(log, args, ServerVersion.Installed(start.RootDirectory, "text_generation_server") ?? TgiServer.DefaultVersion, folder, engine);
    }

    private FoundModel Download(TgiArguments args)
    {
        log.Launcher("download", $"Starting check and download process for {args.Model}");
        try
        {
            var found = new ModelSearch(start, hub).Find(args.Model, args.Text("revision"), args.Text("huggingface-hub-cache"));
            log.Launcher(found.Place == WeightsPlace.Hub ? $"Downloaded {found.Path}" : "Files are already present on the host. Skipping download.");
            log.Launcher("download", $"Successfully downloaded weights for {args.Model}");
            return found;
        }
        catch (ServerExit exit)
        {
            throw new ServerExit(1, [.. exit.Lines, "Error: DownloadError"]);
        }
    }

    private static ModelFolder Open(FoundModel found)
    {
        try
        {
            return ModelFolder.Open(found.Files, found.Path);
        }
        catch (ServerExit exit)
        {
            throw TgiEngine.ShardFailed([.. exit.Lines]);
        }
    }

    private void Warm(TgiArguments args, Engine engine, bool eager)
    {
        var batch = engine.Batch;
        log.Launcher($"KV-cache blocks: {batch.KvBlocks}, size: {batch.BlockSize}");
        if (!eager)
        {
            log.Launcher($"Cuda Graphs are enabled for sizes [{string.Join(", ", (args.Text("cuda-graphs") ?? "32,16,8,4,2,1").Split(','))}]");
        }

        log.Router("text_generation_router_v3: backends/v3/src/lib.rs:137", $"Setting max batch total tokens to {(long)batch.KvBlocks * batch.BlockSize}");
        log.Router("text_generation_router_v3: backends/v3/src/lib.rs:166", "Using backend V3");
        if (args.Number("max-input-tokens") is null && args.Number("max-input-length") is null)
        {
            log.Router("text_generation_router: backends/v3/src/main.rs:165", $"Maximum input tokens defaulted to {batch.MaxModelLen - 1}");
        }

        if (args.Number("max-total-tokens") is null)
        {
            log.Router("text_generation_router: backends/v3/src/main.rs:171", $"Maximum total tokens defaulted to {batch.MaxModelLen}");
        }
    }
}
