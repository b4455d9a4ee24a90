using static Preheat.LocalCloud.Serving.Arguments.FlagKind;

namespace Preheat.LocalCloud.Serving.Arguments;

/// <summary>
/// vLLM's flags by version. From <c>vllm/engine/arg_utils.py</c> and <c>vllm/entrypoints/openai/cli_args.py</c>
/// and the published pages <c>docs.vllm.ai/en/vX.Y.Z/cli/serve</c> (0.8.5 to 0.18.0). From 0.9 on, every
/// switch of the engine has a <c>--no-…</c> form.
/// </summary>
internal static class VllmFlags
{
    private static readonly string[] Dtypes = ["auto", "bfloat16", "float", "float16", "float32", "half"];

    private static readonly string[] CacheDtypes = ["auto", "bfloat16", "fp8", "fp8_ds_mla", "fp8_e4m3", "fp8_e5m2", "fp8_inc"];

    private static readonly string[] LogLevels = ["critical", "debug", "error", "info", "trace", "warning"];

    private static readonly string[] Devices = ["auto", "cpu", "cuda", "neuron", "tpu", "xpu"];

    private static readonly string[] Backends = ["external_launcher", "mp", "ray", "uni"];

    public static IReadOnlyList<Flag> All { get; } =
    [
        // Model
        Engine("model", Text), Engine("task", Text), Engine("runner", Text, "0.10.0"), Engine("convert", Text, "0.10.0"),
        Engine("tokenizer", Text), Engine("tokenizer-mode", Text), Switch("skip-tokenizer-init"), Switch("trust-remote-code"),
        Engine("allowed-local-media-path", Text, "0.6.4"), Engine("hf-config-path", Text, "0.7.3"), Engine("hf-token", Text, "0.8.0"),
        Engine("hf-overrides", Json, "0.6.4"), Engine("revision", Text), Engine("code-revision", Text), Engine("tokenizer-revision", Text),
        Engine("dtype", Text) with { Choices = Dtypes }, Engine("seed", Int), Engine("max-model-len", HumanInt), Engine("max-logprobs", Int),
        Engine("logprobs-mode", Text, "0.10.0"), Engine("quantization", Text) with { Short = "q" }, Switch("enforce-eager"),
        Engine("max-seq-len-to-capture", Int, until: "0.12.0"), Switch("disable-sliding-window"), Switch("disable-cascade-attn", "0.8.3"),
        Engine("served-model-name", List), Engine("config-format", Text), Engine("generation-config", Text, "0.6.6"),
        Engine("override-generation-config", Json, "0.6.6"), Switch("enable-sleep-mode", "0.7.0"), Engine("model-impl", Text, "0.7.0"),
        Engine("override-pooler-config", Json, "0.6.3"), Engine("logits-processor-pattern", Text, "0.7.0"), Switch("enable-prompt-embeds", "0.9.0"),
        Engine("rope-scaling", Json, until: "0.12.0"), Engine("rope-theta", Float, until: "0.12.0"), Engine("pooler-config", Json, "0.11.0"),

        // Loading
        Engine("load-format", Text), Engine("download-dir", Text), Engine("model-loader-extra-config", Json), Engine("ignore-patterns", List),
        Engine("use-tqdm-on-load", FlagKind.Switch, "0.8.3") with { Negatable = "0.8.3" }, Engine("safetensors-load-strategy", Text, "0.11.0"),
        Engine("pt-load-map-location", Text, "0.9.1"), Engine("qlora-adapter-name-or-path", Text, until: "0.10.0"),

        // Parallelism
        Engine("tensor-parallel-size", Int) with { Short = "tp" }, Engine("pipeline-parallel-size", Int) with { Short = "pp" },
        Engine("data-parallel-size", Int, "0.8.3") with { Short = "dp" }, Engine("data-parallel-size-local", Int, "0.8.5") with { Short = "dpl" },
        Engine("data-parallel-address", Text, "0.8.5") with { Short = "dpa" }, Engine("data-parallel-rpc-port", Int, "0.8.5") with { Short = "dpp" },
        Engine("data-parallel-backend", Text, "0.9.0") with { Short = "dpb" }, Switch("enable-expert-parallel", "0.8.0"), Switch("enable-eplb", "0.9.2"),
        Engine("distributed-executor-backend", Text) with { Choices = Backends }, Engine("max-parallel-loading-workers", Int),
        Switch("ray-workers-use-nsight"), Switch("disable-custom-all-reduce"), Engine("worker-cls", Text, "0.7.0"), Engine("worker-extension-cls", Text, "0.7.3"),
        Engine("decode-context-parallel-size", Int, "0.10.2") with { Short = "dcp" }, Engine("nnodes", Int, "0.11.1"), Engine("node-rank", Int, "0.11.1"),
        Engine("master-addr", Text, "0.11.1"), Engine("master-port", Int, "0.11.1"), Switch("enable-dbo", "0.10.1"),

        // Cache
        Engine("block-size", Int), Engine("gpu-memory-utilization", Float), Engine("swap-space", Float), Engine("cpu-offload-gb", Float),
        Engine("kv-cache-dtype", Text) with { Choices = CacheDtypes }, Engine("num-gpu-blocks-override", Int), Engine("kv-cache-memory-bytes", HumanInt, "0.10.2"),
        Switch("enable-prefix-caching") with { Negatable = "0.6.4" }, Engine("prefix-caching-hash-algo", Text, "0.8.3"),
        Switch("calculate-kv-scales", "0.7.3"), Switch("kv-sharing-fast-prefill", "0.10.0"), Engine("mamba-cache-dtype", Text, "0.10.1"),
        Engine("kv-offloading-size", Float, "0.11.1"), Engine("kv-offloading-backend", Text, "0.11.1"),

        // Scheduling
        Engine("max-num-batched-tokens", HumanInt), Engine("max-num-seqs", Int), Engine("max-num-partial-prefills", Int, "0.7.3"),
        Engine("max-long-partial-prefills", Int, "0.7.3"), Engine("long-prefill-token-threshold", Int, "0.7.3"), Engine("num-lookahead-slots", Int, until: "0.11.0"),
        Engine("scheduler-delay-factor", Float, until: "0.11.0"), Engine("preemption-mode", Text, until: "0.11.0"),
        Engine("num-scheduler-steps", Int, until: "0.11.0"), Switch("multi-step-stream-outputs", until: "0.11.0"),
        Engine("enable-chunked-prefill", FlagKind.Switch) with { Negatable = "0.9.0", OptionalValueUntil = "0.9.0" },
        Engine("scheduling-policy", Text) with { Choices = ["fcfs", "priority"] }, Engine("scheduler-cls", Text, "0.8.0"),
        Switch("disable-hybrid-kv-cache-manager", "0.9.2"), Switch("async-scheduling", "0.10.0"), Switch("disable-chunked-mm-input", "0.8.4"),
        Engine("stream-interval", Int, "0.11.1"), Switch("use-v2-block-manager", until: "0.9.0"), Engine("cuda-graph-sizes", List, "0.9.1", "0.12.0"),

        // LoRA, multi-modal, speculation, the rest
        Switch("enable-lora"), Switch("enable-lora-bias", until: "0.11.0"), Engine("max-loras", Int), Engine("max-lora-rank", Int), Engine("max-cpu-loras", Int),
        Engine("lora-dtype", Text), Engine("lora-extra-vocab-size", Int, until: "0.12.0"), Switch("fully-sharded-loras"), Engine("default-mm-loras", Json, "0.10.0"),
        Engine("limit-mm-per-prompt", Json), Engine("mm-processor-kwargs", Json), Engine("mm-processor-cache-gb", Float, "0.10.1"),
        Engine("mm-encoder-tp-mode", Text, "0.10.1"), Engine("media-io-kwargs", Json, "0.9.0"), Switch("skip-mm-profiling", "0.10.2"),
        Engine("speculative-config", Json, "0.8.0"), Engine("speculative-model", Text, until: "0.9.0"), Engine("num-speculative-tokens", Int, until: "0.9.0"),
        Engine("guided-decoding-backend", Text, until: "0.12.0"), Engine("structured-outputs-config", Json, "0.11.0"), Engine("reasoning-parser", Text, "0.7.1"),
        Engine("otlp-traces-endpoint", Text), Engine("collect-detailed-traces", Text), Engine("show-hidden-metrics-for-version", Text, "0.7.0"),
        Engine("compilation-config", Json, "0.6.6") with { Short = "O" }, Engine("kv-transfer-config", Json, "0.6.5"), Engine("kv-events-config", Json, "0.8.5"),
        Engine("additional-config", Json, "0.8.0"), Engine("device", Text, until: "0.11.0") with { Choices = Devices }, Switch("enable-multimodal-encoder-data-parallel", "0.10.0", "0.11.0"),
        Switch("disable-log-stats") with { Negatable = null }, Switch("disable-async-output-proc", until: "0.11.0"), Engine("logits-processors", List, "0.10.1"),
        // Renamed to its opposite in 0.10.1 and still accepted, with a warning, by 0.12; the page of 0.18 does not know it.
        Switch("disable-log-requests", until: "0.13.0") with { Negatable = "0.10.1" }, Switch("enable-log-requests", "0.10.1"),
        Engine("max-log-len", Int), Switch("engine-use-ray", until: "0.6.0"), Switch("worker-use-ray", until: "0.9.0"),

        // Front end of both servers
        Front("host", Text, FlagScope.Both), Front("port", Port, FlagScope.Both), Front("ssl-keyfile", Text, FlagScope.Both), Front("ssl-certfile", Text, FlagScope.Both),
        Front("ssl-ca-certs", Text, FlagScope.Both), Front("ssl-cert-reqs", Int, FlagScope.Both), Front("root-path", Text, FlagScope.Both),
        Front("enable-ssl-refresh", FlagKind.Switch, FlagScope.Both, "0.7.3"), Front("log-level", Text, FlagScope.Legacy),

        // Front end of the OpenAI server
        Front("uvicorn-log-level", Text) with { Choices = LogLevels }, Front("uds", Text, since: "0.11.0"), Front("api-key", List), Front("chat-template", Text),
        Front("chat-template-content-format", Text, since: "0.6.4") with { Choices = ["auto", "openai", "string"] }, Front("response-role", Text),
        Front("allow-credentials", FlagKind.Switch), Front("allowed-origins", Json), Front("allowed-methods", Json), Front("allowed-headers", Json),
        Front("middleware", Text), Front("lora-modules", List), Front("return-tokens-as-token-ids", FlagKind.Switch), Front("disable-frontend-multiprocessing", FlagKind.Switch),
        Front("enable-request-id-headers", FlagKind.Switch, since: "0.7.3"), Front("enable-auto-tool-choice", FlagKind.Switch), Front("tool-call-parser", Text),
        Front("tool-parser-plugin", Text), Front("disable-fastapi-docs", FlagKind.Switch), Front("enable-prompt-tokens-details", FlagKind.Switch, since: "0.6.4"),
        Front("enable-server-load-tracking", FlagKind.Switch, since: "0.8.0"), Front("disable-uvicorn-access-log", FlagKind.Switch, since: "0.8.0"),
        Front("enable-force-include-usage", FlagKind.Switch, since: "0.10.0"), Front("enable-tokenizer-info-endpoint", FlagKind.Switch, since: "0.10.0"),
        Front("enable-log-outputs", FlagKind.Switch, since: "0.10.1"), Front("log-config-file", Text, since: "0.10.0"), Front("h11-max-incomplete-event-size", Int, since: "0.10.0"),
        Front("h11-max-header-count", Int, since: "0.10.0"), Front("trust-request-chat-template", FlagKind.Switch, since: "0.10.2"),
        Front("exclude-tools-when-tool-choice-none", FlagKind.Switch, since: "0.10.0"), Front("tool-server", Text, since: "0.10.0"),
        Front("config", Text), Front("headless", FlagKind.Switch, since: "0.8.5"), Front("api-server-count", Int, since: "0.9.0") with { Short = "asc" },
    ];

    private static Flag Engine(string name, FlagKind kind, string? since = null, string? until = null) => new(name, kind, since, until);

    private static Flag Switch(string name, string? since = null, string? until = null) => new(name, FlagKind.Switch, since, until) { Negatable = "0.9.0" };

    private static Flag Front(string name, FlagKind kind, FlagScope scope = FlagScope.OpenAi, string? since = null) =>
        new(name, kind, since) { Scope = scope, Negatable = kind == FlagKind.Switch ? "0.9.0" : null };
}
