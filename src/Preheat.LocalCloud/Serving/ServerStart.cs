using System.Globalization;
using Preheat.LocalCloud.Hub;
using Preheat.LocalCloud.Pods;
using Preheat.LocalCloud.Serving.Arguments;
using Preheat.LocalCloud.Serving.ModelFiles;
using Preheat.Simulation.Hardware;

namespace Preheat.LocalCloud.Serving;

/// <summary>
/// The start of a vLLM server, phase by phase on the infrastructure's clock: imports and arguments, weights, compilation.
/// </summary>
internal sealed class ServerStart(ContainerStart start, ServerCommand command, ModelHub? hub, ServerLog log)
{
    private const double Gib = 1024d * 1024 * 1024;

    private static readonly StartPhases Unknown = new(TimeSpan.FromSeconds(12), TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);

    private static readonly string[] LoadFormats =
    [
        "auto", "hf", "safetensors", "pt", "npcache", "dummy", "tensorizer", "sharded_state", "gguf", "bitsandbytes", "mistral",
        "runai_streamer", "runai_streamer_sharded", "fastsafetensors",
    ];

    /// <summary>Goes through all phases.</summary>
    /// <exception cref="ServerExit">The server would have ended by itself.</exception>
    public async Task<StartedServer> RunAsync(CancellationToken cancellation)
    {
        var version = ServerVersion.Detect(start.RootDirectory, start.Environment);
        ParsedArguments? arguments = null;
        await StartPhase.RunAsync(start, "import", Unknown.Import, () => arguments = Import(version), cancellation);
        var args = arguments!;

        if (args.Text("load-format") is { } format && !LoadFormats.Contains(format))
        {
            throw ServerExit.Raise("ValueError", $"Load format `{format}` is not supported. Supported load formats: {string.Join(", ", LoadFormats)}");
        }

        var model = args.Positional ?? args.Text("model") ?? "Qwen/Qwen3-0.6B";
        var names = args.List("served-model-name") is { Count: > 0 } given ? given : [model];
        var hardware = Hardware();
        var found = new ModelSearch(start, hub).Find(model, args.Text("revision"), args.Text("download-dir"));
        var folder = ModelFolder.Open(found.Files, found.Path);
        log.Api("model.py:547", $"Resolved architecture: {folder.Config.Architecture}");
        // Everything that can be refused is refused before the modelled read, as the real one reads sizes first where it can.
        var engine = Engine.Create(folder, args, hardware, start.AcceleratorCount, command.AbandonedRequestsRun, start.Environment.GetValueOrDefault("VLLM_ALLOW_LONG_MAX_MODEL_LEN") == "1");
        log.Api("model.py:1510", $"Using max model len {engine.Batch.MaxModelLen}");
        if (engine.Batch.ChunkedPrefill)
        {
            log.Api("scheduler.py:205", $"Chunked prefill is enabled with max_num_batched_tokens={engine.Batch.MaxNumBatchedTokens}.");
        }

        var phases = StartPhases.For(folder, found.Place, args.Text("load-format") ?? "auto", args.Switch("enforce-eager") ?? false);
        await LoadAsync(version, model, folder, engine, args, phases, cancellation);
        await CompileAsync(engine, args, phases, cancellation);
        return new StartedServer(start, command, log, version, args, model, names, folder, engine);
    }

    private ParsedArguments Import(ServerVersion version)
    {
        log.Plain($"INFO {start.Clock.Time.GetUtcNow().ToString("MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} [__init__.py:216] {(start.AcceleratorCount > 0 ? "Automatically detected platform cuda." : "No platform detected, vLLM is running on UnspecifiedPlatform")}");
        var parsed = new ArgumentParser(command, version).Parse();
        log.Api("api_server.py:1839", $"vLLM API server version {version.Text}");
        var shown = parsed.Given.Select(a => $"'{a.Key.Replace('-', '_')}': '{(a.Key is "api-key" or "hf-token" ? "***" : a.Value)}'");
        log.Api("utils.py:233", $"non-default args: {{{string.Join(", ", shown)}}}");
        if (parsed.Text("uds") is not null)
        {
            throw ServerExit.Raise("OSError", "--uds: the embedded cloud reaches servers by port only. Use --port.");
        }

        if (command.EntryPoint == EntryPoint.Serve && parsed.Text("model") is not null)
        {
            // Refused until 0.11.0; allowed again, with a warning, since images start `vllm serve` by themselves.
            const string Advice = "With `vllm serve`, you should provide the model as a positional argument or in a config file instead of via the `--model` option.";
            if (version < new ServerVersion("", 0, 11, 1))
            {
                throw ServerExit.Raise("ValueError", Advice);
            }

            log.Warning("argparse_utils.py", $"{Advice} The `--model` option will be removed in v0.13.");
        }

        if (version >= new ServerVersion("", 0, 10, 1) && parsed.Switch("disable-log-requests") is not null)
        {
            log.Warning("argparse_utils.py", "argument '--disable-log-requests' is deprecated and replaced with '--enable-log-requests'. This will be removed in v0.12.0.");
        }

        return parsed;
    }

    private AcceleratorProfile Hardware()
    {
        if (start.AcceleratorCount < 1)
        {
            throw ServerExit.Raise("RuntimeError", "Failed to infer device type, please set the environment variable `VLLM_LOGGING_LEVEL=DEBUG` to turn on verbose logging to help debug the issue.");
        }

        return Accelerators.Find(start.Accelerator)
            ?? throw ServerExit.Raise("RuntimeError", $"No simulated hardware profile for accelerator '{start.Accelerator}'. Known: {string.Join(", ", Accelerators.All.Select(a => a.Name))}.");
    }

    private async Task LoadAsync(ServerVersion version, string model, ModelFolder folder, Engine engine, ParsedArguments args, StartPhases phases, CancellationToken cancellation)
    {
        log.Engine("core.py:77", $"Initializing a V1 LLM engine (v{version.Text}) with config: model='{model}', max_seq_len={engine.Batch.MaxModelLen}, tensor_parallel_size={args.Int("tensor-parallel-size") ?? 1}, enforce_eager={args.Switch("enforce-eager") ?? false}");
        log.Engine("gpu_model_runner.py:2602", $"Starting to load model {model}...");
        // The real work is done: every header of the folder was read and checked when it was opened. What is left is the modelled read.
        await StartPhase.RunAsync(start, "weights", phases.Weights, () => log.Plain($"Loading safetensors checkpoint shards: 100% Completed | {folder.Files.Count}/{folder.Files.Count}"), cancellation);
        if (phases.Download > TimeSpan.Zero)
        {
            log.Engine("weight_utils.py:392", string.Create(CultureInfo.InvariantCulture, $"Time spent downloading weights for {model}: {phases.Download.TotalSeconds:0.000000} seconds"));
        }

        var seconds = (phases.Weights - phases.Download).TotalSeconds;
        var gib = folder.WeightBytes / Gib;
        if ((args.Text("load-format") ?? "").StartsWith("runai_streamer", StringComparison.Ordinal))
        {
            log.Plain(string.Create(CultureInfo.InvariantCulture, $"[RunAI Streamer] Overall time to stream {gib:0.0} GiB of all files: {seconds:0.0}s, {gib / seconds:0.0} GiB/s"));
        }

        log.Engine("default_loader.py:267", string.Create(CultureInfo.InvariantCulture, $"Loading weights took {seconds:0.00} seconds"));
        log.Engine("gpu_model_runner.py:2653", string.Create(CultureInfo.InvariantCulture, $"Model loading took {engine.WeightBytesPerAccelerator / Gib:0.0000} GiB and {seconds:0.000000} seconds"));
    }

    private async Task CompileAsync(Engine engine, ParsedArguments args, StartPhases phases, CancellationToken cancellation)
    {
        var eager = args.Switch("enforce-eager") ?? false;
        var seconds = phases.Compile.TotalSeconds;
        await StartPhase.RunAsync(
            start,
            "compile",
            phases.Compile,
            () =>
            {
                if (!eager)
                {
                    log.Engine("monitor.py:34", string.Create(CultureInfo.InvariantCulture, $"torch.compile takes {seconds * 0.65:0.00} s in total"));
                }

                var tokens = (long)engine.Batch.KvBlocks * engine.Batch.BlockSize;
                log.Engine("gpu_worker.py:298", string.Create(CultureInfo.InvariantCulture, $"Available KV cache memory: {engine.CacheBytesPerAccelerator / Gib:0.00} GiB"));
                log.Engine("kv_cache_utils.py:1087", string.Create(CultureInfo.InvariantCulture, $"GPU KV cache size: {tokens:#,0} tokens"));
                log.Engine("kv_cache_utils.py:1091", string.Create(CultureInfo.InvariantCulture, $"Maximum concurrency for {engine.Batch.MaxModelLen:#,0} tokens per request: {(double)tokens / engine.Batch.MaxModelLen:0.00}x"));
            },
            cancellation);
        if (!eager)
        {
            log.Engine("gpu_model_runner.py:3480", string.Create(CultureInfo.InvariantCulture, $"Graph capturing finished in {seconds * 0.35:0} secs, took 0.48 GiB"));
        }

        log.Engine("core.py:210", string.Create(CultureInfo.InvariantCulture, $"init engine (profile, create kv cache, warmup model) took {seconds:0.00} seconds"));
    }
}
