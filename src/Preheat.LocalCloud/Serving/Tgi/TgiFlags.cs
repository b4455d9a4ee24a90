namespace Preheat.LocalCloud.Serving.Tgi;

/// <summary>What a flag of TGI's launcher takes.</summary>
internal enum TgiFlagKind
{
    Text,

    /// <summary>A whole number from 0 (Rust's <c>usize</c>).</summary>
    Size,

    /// <summary>A whole number below 2^32.</summary>
    Unsigned,

    /// <summary>A whole number below 2^16.</summary>
    Port,
    Float,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Bool,

    /// <summary>No value on the command line; any but a false-like word in the environment.</summary>
    Switch,

    /// <summary>Whole numbers with commas between them.</summary>
    Sizes,
}

/// <summary>One flag of <c>text-generation-launcher</c>.</summary>
/// <param name="Name">With dashes, without the leading two. In capitals with underscores it is the variable that stands for it.</param>
/// <param name="Default">Its value when it is not given; null for none.</param>
internal sealed record TgiFlag(string Name, TgiFlagKind Kind, string? Default = null)
{
    public char? Short { get; init; }

    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>False for a flag that no variable stands for.</summary>
    public bool HasVariable { get; init; } = true;

    public string Variable => Name.Replace('-', '_').ToUpperInvariant();

    /// <summary>How clap names it in errors: <c>--port &lt;PORT&gt;</c>.</summary>
    public string Shown => Kind == TgiFlagKind.Switch ? $"--{Name}" : $"--{Name} <{Variable}>";
}

/// <summary>
/// The flags of TGI 3.3: the launcher's <c>Args</c> (<c>launcher/src/main.rs</c>, published as
/// https://huggingface.co/docs/text-generation-inference/reference/launcher), in its order, with those its log of 3.3 shows besides. There is no
/// <c>--served-model-name</c>: the server's name of the model is what <c>--model-id</c> says.
/// </summary>
internal static class TgiFlags
{
    private static readonly string[] Quantizations =
        ["awq", "compressed-tensors", "eetq", "exl2", "gptq", "marlin", "bitsandbytes", "bitsandbytes-nf4", "bitsandbytes-fp4", "fp8"];

    public static IReadOnlyList<TgiFlag> All { get; } =
    [
        new("model-id", TgiFlagKind.Text, "bigscience/bloom-560m"), new("revision", TgiFlagKind.Text), new("validation-workers", TgiFlagKind.Size, "2"),
        new("sharded", TgiFlagKind.Bool) { Choices = ["true", "false"] }, new("num-shard", TgiFlagKind.Size), new("quantize", TgiFlagKind.Text) { Choices = Quantizations },
        new("speculate", TgiFlagKind.Size), new("dtype", TgiFlagKind.Text) { Choices = ["float16", "bfloat16"] },
        new("kv-cache-dtype", TgiFlagKind.Text) { Choices = ["fp8_e4m3fn", "fp8_e5m2"] }, new("trust-remote-code", TgiFlagKind.Switch),
        new("max-concurrent-requests", TgiFlagKind.Size, "128"), new("max-best-of", TgiFlagKind.Size, "2"), new("max-stop-sequences", TgiFlagKind.Size, "4"),
        new("max-top-n-tokens", TgiFlagKind.Unsigned, "5"), new("max-input-tokens", TgiFlagKind.Size), new("max-input-length", TgiFlagKind.Size),
        new("max-total-tokens", TgiFlagKind.Size), new("waiting-served-ratio", TgiFlagKind.Float, "0.3"), new("max-batch-prefill-tokens", TgiFlagKind.Unsigned),
        new("max-batch-total-tokens", TgiFlagKind.Unsigned), new("max-waiting-tokens", TgiFlagKind.Size, "20"), new("max-batch-size", TgiFlagKind.Size),
        new("cuda-graphs", TgiFlagKind.Sizes), new("hostname", TgiFlagKind.Text, "0.0.0.0"), new("port", TgiFlagKind.Port, "3000") { Short = 'p' },
        new("prometheus-port", TgiFlagKind.Port, "9000"), new("shard-uds-path", TgiFlagKind.Text, "/tmp/text-generation-server"), new("master-addr", TgiFlagKind.Text, "localhost"),
        new("master-port", TgiFlagKind.Size, "29500"), new("huggingface-hub-cache", TgiFlagKind.Text), new("weights-cache-override", TgiFlagKind.Text),
        new("disable-custom-kernels", TgiFlagKind.Switch), new("cuda-memory-fraction", TgiFlagKind.Float, "1.0"),
        new("rope-scaling", TgiFlagKind.Text) { Choices = ["linear", "dynamic"] }, new("rope-factor", TgiFlagKind.Float), new("json-output", TgiFlagKind.Switch),
        new("otlp-endpoint", TgiFlagKind.Text), new("otlp-service-name", TgiFlagKind.Text, "text-generation-inference.router"), new("cors-allow-origin", TgiFlagKind.Text),
        new("api-key", TgiFlagKind.Text), new("watermark-gamma", TgiFlagKind.Float), new("watermark-delta", TgiFlagKind.Float), new("ngrok", TgiFlagKind.Switch),
        new("ngrok-authtoken", TgiFlagKind.Text), new("ngrok-edge", TgiFlagKind.Text), new("tokenizer-config-path", TgiFlagKind.Text),
        new("disable-grammar-support", TgiFlagKind.Switch), new("env", TgiFlagKind.Switch) { Short = 'e', HasVariable = false }, new("max-client-batch-size", TgiFlagKind.Size, "4"),
        new("lora-adapters", TgiFlagKind.Text), new("usage-stats", TgiFlagKind.Text, "on") { Choices = ["on", "off", "no-stack"] }, new("payload-limit", TgiFlagKind.Size, "2000000"),
        new("enable-prefill-logprobs", TgiFlagKind.Switch), new("graceful-termination-timeout", TgiFlagKind.Size, "90"),
    ];
}
