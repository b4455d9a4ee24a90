using System.Globalization;
using System.Text;
using Preheat.Simulation.Batching;

namespace Preheat.LocalCloud.Serving.Metrics;

/// <summary>
/// vLLM's metrics in Prometheus' text form 0.0.4: names, labels and buckets of <c>vllm/v1/metrics/loggers.py</c>.
/// https://prometheus.io/docs/instrumenting/exposition_formats/
/// </summary>
internal sealed class ServerMetrics(string model, ServerVersion version) : IGenerationMetrics
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private static readonly double[] FirstTokenBounds =
        [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560];

    private static readonly double[] TokenBounds = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];

    private static readonly double[] RequestBounds =
        [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];

    private readonly string labels = $"engine=\"0\",model_name=\"{Escape(model)}\"";
    private long promptTokens;
    private long generationTokens;
    private long stopped;
    private long cut;
    private long aborted;

    public Histogram TimeToFirstToken { get; } = new(FirstTokenBounds);

    public Histogram InterTokenLatency { get; } = new(TokenBounds);

    public Histogram EndToEnd { get; } = new(RequestBounds);

    public Histogram Queue { get; } = new(RequestBounds);

    public Histogram Prefill { get; } = new(RequestBounds);

    public Histogram Decode { get; } = new(RequestBounds);

    public long GenerationTokens => Interlocked.Read(ref generationTokens);

    public long PromptTokens => Interlocked.Read(ref promptTokens);

    public void OnStarted(double queued) => Queue.Observe(queued);

    public void OnToken(int? promptTokens, double seconds)
    {
        Interlocked.Increment(ref generationTokens);
        if (promptTokens is { } prompt)
        {
            Interlocked.Add(ref this.promptTokens, prompt);
            TimeToFirstToken.Observe(seconds);
        }
        else
        {
            InterTokenLatency.Observe(seconds);
        }
    }

    public void OnFinished(string reason, int tokens, GenerationTimes times)
    {
        Interlocked.Increment(ref reason == "stop" ? ref stopped : ref cut);
        EndToEnd.Observe(times.EndToEnd);
        Prefill.Observe(times.Prefill);
        Decode.Observe(times.Decode);
    }

    public void OnAborted() => Interlocked.Increment(ref aborted);

    /// <summary>All metrics, each with its HELP and TYPE.</summary>
    public string Render(BatchLoad load)
    {
        var text = new StringBuilder(16_384);
        Single(text, "num_requests_running", "gauge", "Number of requests in model execution batches.", load.Running);
        Single(text, "num_requests_waiting", "gauge", "Number of requests waiting to be processed.", load.Waiting);
        if (version >= new ServerVersion("", 0, 11, 0))
        {
            Head(text, "num_requests_waiting_by_reason", "gauge", "Number of requests waiting to be processed, by reason.");
            Sample(text, "num_requests_waiting_by_reason", "reason=\"capacity\"", load.Waiting);
            Sample(text, "num_requests_waiting_by_reason", "reason=\"deferred\"", 0);
        }

        Single(text, "kv_cache_usage_perc", "gauge", "KV-cache usage. 1 means 100 percent usage.", load.CacheUsage);
        Single(text, "num_preemptions_total", "counter", "Cumulative number of preemption from the engine.", load.Preemptions);
        Single(text, "prompt_tokens_total", "counter", "Number of prefill tokens processed.", PromptTokens);
        Single(text, "generation_tokens_total", "counter", "Number of generation tokens processed.", GenerationTokens);
        Head(text, "request_success_total", "counter", "Count of successfully processed requests.");
        Sample(text, "request_success_total", "finished_reason=\"stop\"", Interlocked.Read(ref stopped));
        Sample(text, "request_success_total", "finished_reason=\"length\"", Interlocked.Read(ref cut));
        Sample(text, "request_success_total", "finished_reason=\"abort\"", Interlocked.Read(ref aborted));
        Buckets(text, "time_to_first_token_seconds", "Histogram of time to first token in seconds.", TimeToFirstToken);
        Buckets(text, "inter_token_latency_seconds", "Histogram of inter-token latency in seconds.", InterTokenLatency);
        Buckets(text, "e2e_request_latency_seconds", "Histogram of e2e request latency in seconds.", EndToEnd);
        Buckets(text, "request_queue_time_seconds", "Histogram of time spent in WAITING phase for request.", Queue);
        Buckets(text, "request_prefill_time_seconds", "Histogram of time spent in PREFILL phase for request.", Prefill);
        Buckets(text, "request_decode_time_seconds", "Histogram of time spent in DECODE phase for request.", Decode);
        return text.ToString();
    }

    private static void Head(StringBuilder text, string name, string type, string help) =>
        text.Append("# HELP vllm:").Append(name).Append(' ').Append(help).Append('\n').Append("# TYPE vllm:").Append(name).Append(' ').Append(type).Append('\n');

    // Python's client prints every value as a float.
    private static string Number(double value) => value == Math.Floor(value) && Math.Abs(value) < 1e15
        ? value.ToString("0.0", CultureInfo.InvariantCulture)
        : value.ToString("R", CultureInfo.InvariantCulture);

    private static string Escape(string value) => value.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");

    private void Single(StringBuilder text, string name, string type, string help, double value)
    {
        Head(text, name, type, help);
        Sample(text, name, null, value);
    }

    private void Sample(StringBuilder text, string name, string? more, double value)
    {
        text.Append("vllm:").Append(name).Append('{').Append(labels);
        if (more is not null)
        {
            text.Append(',').Append(more);
        }

        text.Append("} ").Append(Number(value)).Append('\n');
    }

    private void Buckets(StringBuilder text, string name, string help, Histogram histogram)
    {
        Head(text, name, "histogram", help);
        var (cumulative, sum) = histogram.Read();
        for (var i = 0; i < cumulative.Length; i++)
        {
            Sample(text, name + "_bucket", $"le=\"{(i < histogram.Bounds.Count ? Number(histogram.Bounds[i]) : "+Inf")}\"", cumulative[i]);
        }

        Sample(text, name + "_count", null, cumulative[^1]);
        Sample(text, name + "_sum", null, sum);
    }
}
