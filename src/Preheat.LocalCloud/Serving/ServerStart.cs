using System.Globalization;
using Preheat.LocalCloud.Hub;
using Preheat.LocalCloud.Pods;
using Preheat.LocalCloud.Serving.Arguments;
using Preheat.LocalCloud.Serving.ModelFiles;
using Preheat.Simulation.Hardware;

namespace Preheat.LocalCloud.Serving;

/// <summary>Everything a server knows once its start has succeeded, before it listens.</summary>
internal sealed record StartedServer(ServerVersion Version, ParsedArguments Arguments, string Model, IReadOnlyList<string> Names, ModelFolder Folder, Engine Engine)
{
    public int Port => Arguments.Int("port") ?? 8000;
}

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

    private ContainerFiles files = new(start.RootDirectory, start.Mounts, start.WorkingDirectory);

    /// <summary>Goes through all phases.</summary>
    /// <exception cref="ServerExit">The server would have ended by itself.</exception>
    public async Task<StartedServer> RunAsync(CancellationToken cancellation)
    {
        var version = ServerVersion.Detect(start.RootDirectory, start.Environment);
        ParsedArguments? arguments = null;
        await PhaseAsync("import", Unknown.Import, () => arguments = Import(version), cancellation);
        var args = arguments!;

        if (args.Text("load-format") is { } format && !LoadFormats.Contains(format))
        {
            throw ServerExit.Raise("ValueError", $"Load format `{format}` is not supported. Supported load formats: {string.Join(", ", LoadFormats)}");
        }

        var model = args.Positional ?? args.Text("model") ?? "Qwen/Qwen3-0.6B";
        var names = args.List("served-model-name") is { Count: > 0 } given ? given : [model];
        var hardware = Hardware();
        var local = Locate(model, args);
        var path = local ?? Download(model, args);
        var folder = ModelFolder.Open(files, path);
        log.Api("model.py:547", $"Resolved architecture: {folder.Config.Architecture}");
        // Everything that can be refused is refused before the modelled read, as the real one reads sizes first where it can.
        var engine = Engine.Create(folder, args, hardware, start.AcceleratorCount, command.AbandonedRequestsRun, start.Environment.GetValueOrDefault("VLLM_ALLOW_LONG_MAX_MODEL_LEN") == "1");
        log.Api("model.py:1510", $"Using max model len {engine.Batch.MaxModelLen}");
        if (engine.Batch.ChunkedPrefill)
        {
            log.Api("scheduler.py:205", $"Chunked prefill is enabled with max_num_batched_tokens={engine.Batch.MaxNumBatchedTokens}.");
        }

        var phases = StartPhases.For(folder, local is null ? WeightsPlace.Hub : IsMounted(path) ? WeightsPlace.Volume : WeightsPlace.Image, args.Text("load-format") ?? "auto", args.Switch("enforce-eager") ?? false);
        await LoadAsync(version, model, path, folder, engine, args, phases, cancellation);
        await CompileAsync(engine, args, phases, cancellation);
        return new StartedServer(version, args, model, names, folder, engine);
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

    /// <summary>The container path of the model: a directory, or a snapshot in a hub cache that the image or a volume holds; null for one that only a hub has.</summary>
    private string? Locate(string model, ParsedArguments args)
    {
        if (model.StartsWith('/') || model.StartsWith('.') || files.Resolve(model) is not null)
        {
            return files.Resolve(model) is { } found && Directory.Exists(found)
                ? model
                : throw ServerExit.Raise("OSError", $"Can't load the configuration of '{model}'. If you were trying to load it from 'https://huggingface.co/models', make sure you don't have a local directory with the same name. Otherwise, make sure '{model}' is the correct path to a directory containing a config.json file");
        }

        if (model.Contains("://", StringComparison.Ordinal))
        {
            throw ServerExit.Raise("ValueError", $"Cannot load '{model}': object stores are not reachable from this server yet.");
        }

        foreach (var cache in HubCaches(args))
        {
            var repository = $"{cache}/models--{model.Replace("/", "--")}";
            var revision = args.Text("revision") ?? "main";
            var reference = files.Resolve($"{repository}/refs/{revision}");
            var commit = reference is not null && File.Exists(reference) ? File.ReadAllText(reference).Trim() : revision;
            if (files.Resolve($"{repository}/snapshots/{commit}") is { } snapshot && Directory.Exists(snapshot))
            {
                return $"{repository}/snapshots/{commit}";
            }
        }

        return null;
    }

    /// <summary>
    /// Takes a model from the embedded hub under the hub's own rules, and gives its path in the container's cache. The files are read where the hub keeps them;
    /// what the way would cost is in the modelled time of the weights.
    /// </summary>
    private string Download(string model, ParsedArguments args)
    {
        if (start.Environment.GetValueOrDefault("HF_HUB_OFFLINE") is "1" or "true" or "True" or "ON" or "YES")
        {
            throw ServerExit.Raise("huggingface_hub.errors.LocalEntryNotFoundError", $"Cannot find an appropriate cached snapshot folder for the specified revision of '{model}' on the local disk and outgoing traffic has been disabled. To enable repo look-ups and downloads online, set 'HF_HUB_OFFLINE=0' as environment variable.");
        }

        if (hub?.Find(model) is not { } found)
        {
            throw ServerExit.Raise("OSError", $"We couldn't connect to 'https://huggingface.co' to load the files of '{model}', and couldn't find them in the cached files. Containers here reach the embedded hub only: put the weights into the image or a volume.");
        }

        var token = new[] { "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN" }.Select(start.Environment.GetValueOrDefault).FirstOrDefault(value => !string.IsNullOrWhiteSpace(value))?.Trim();
        if (HubAccess.Refusal(found, token) is { } refusal)
        {
            throw ServerExit.Raise("OSError", $"You are trying to access a gated repo. Make sure to have access to it at https://huggingface.co/{model}. {refusal} Client Error. {(refusal == 401 ? "Access to model is restricted. You must have access to it and be authenticated to access it. Please log in." : "Your account is not in the authorized list.")}");
        }

        var name = args.Text("revision") ?? "main";
        if (found.Find(name) is not { } revision)
        {
            throw ServerExit.Raise("OSError", $"{name} is not a valid git identifier (branch name, tag name or commit id) that exists for this model name. Check the model page at 'https://huggingface.co/{model}' for available revisions.");
        }

        var path = $"{HubCaches(args).First()}/models--{model.Replace("/", "--")}/snapshots/{revision.Commit}";
        files = new ContainerFiles(start.RootDirectory, new Dictionary<string, string>(start.Mounts, StringComparer.Ordinal) { [path] = revision.Directory }, start.WorkingDirectory);
        return path;
    }

    private IEnumerable<string> HubCaches(ParsedArguments args)
    {
        var home = start.Environment.GetValueOrDefault("HOME") is { Length: > 0 } set ? set : "/root";
        var caches = start.Environment.GetValueOrDefault("HF_HOME") is { Length: > 0 } hf ? hf : $"{home}/.cache/huggingface";
        return new[] { args.Text("download-dir"), start.Environment.GetValueOrDefault("HF_HUB_CACHE"), $"{caches}/hub", caches }.OfType<string>().Where(c => c.Length > 0);
    }

    private bool IsMounted(string path) => start.Mounts.Keys.Any(m => path == m || path.StartsWith(m.TrimEnd('/') + "/", StringComparison.Ordinal));

    private async Task LoadAsync(ServerVersion version, string model, string path, ModelFolder folder, Engine engine, ParsedArguments args, StartPhases phases, CancellationToken cancellation)
    {
        log.Engine("core.py:77", $"Initializing a V1 LLM engine (v{version.Text}) with config: model='{model}', max_seq_len={engine.Batch.MaxModelLen}, tensor_parallel_size={args.Int("tensor-parallel-size") ?? 1}, enforce_eager={args.Switch("enforce-eager") ?? false}");
        log.Engine("gpu_model_runner.py:2602", $"Starting to load model {model}...");
        // The real work is done: every header of the folder was read and checked when it was opened. What is left is the modelled read.
        await PhaseAsync("weights", phases.Weights, () => log.Plain($"Loading safetensors checkpoint shards: 100% Completed | {folder.Files.Count}/{folder.Files.Count}"), cancellation);
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
        await PhaseAsync(
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

    private async Task PhaseAsync(string name, TimeSpan modelled, Action work, CancellationToken cancellation)
    {
        var began = start.Clock.Time.GetTimestamp();
        await start.Clock.PhaseAsync(
            modelled,
            () =>
            {
                work();
                return Task.CompletedTask;
            },
            cancellation);
        log.Phase(name, modelled, start.Clock.Time.GetElapsedTime(began));
    }
}
