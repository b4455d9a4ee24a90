using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Preheat.LocalCloud.Serving.Metrics;
using Preheat.Simulation.Batching;

namespace Preheat.LocalCloud.Serving.Tgi;

/// <summary>
/// TGI's metrics in Prometheus' text form (https://huggingface.co/docs/text-generation-inference/reference/metrics): names of its router, buckets of <c>router/src/server.rs</c>.
/// As with the real one, the gauges appear with the first request.
/// </summary>
internal sealed class TgiMetrics(int maxInputTokens, int maxTotalTokens) : IGenerationMetrics
{
    public const string ContentType = "text/plain; charset=utf-8";

    private readonly ConcurrentDictionary<string, long> failures = new(StringComparer.Ordinal);
    private readonly Histogram duration = new(Durations());
    private readonly Histogram validation = new(Durations());
    private readonly Histogram queue = new(Durations());
    private readonly Histogram inference = new(Durations());
    private readonly Histogram perToken = new(Durations());
    private readonly Histogram inputLength = new(Hundredths(maxInputTokens));
    private readonly Histogram generated = new(Hundredths(maxTotalTokens));
    private readonly Histogram newTokens = new(Hundredths(maxTotalTokens));
    private long requests;
    private long successes;

    public void CountRequest() => Interlocked.Increment(ref requests);

    public void CountFailure(string type) => failures.AddOrUpdate(type, 1, (_, count) => count + 1);

    /// <summary>A request that passed validation.</summary>
    public void CountValid(int input, int most, double seconds)
    {
        inputLength.Observe(input);
        newTokens.Observe(most);
        validation.Observe(seconds);
    }

    public void OnStarted(double queued)
    {
    }

    public void OnToken(int? promptTokens, double seconds)
    {
    }

    public void OnFinished(string reason, int tokens, GenerationTimes times)
    {
        Interlocked.Increment(ref successes);
        duration.Observe(times.EndToEnd);
        queue.Observe(times.Queue);
        inference.Observe(times.Inference);
        perToken.Observe(times.Inference / tokens);
        generated.Observe(tokens);
    }

    public void OnAborted() => CountFailure("dropped");

    public string Render(BatchLoad load)
    {
        var text = new StringBuilder(32_768);
        if (Interlocked.Read(ref requests) > 0)
        {
            Single(text, "tgi_request_count", "counter", Interlocked.Read(ref requests));
        }

        if (Interlocked.Read(ref successes) > 0)
        {
            Single(text, "tgi_request_success", "counter", Interlocked.Read(ref successes));
        }

        if (!failures.IsEmpty)
        {
            text.Append("# TYPE tgi_request_failure counter\n");
            foreach (var (type, count) in failures.OrderBy(failure => failure.Key, StringComparer.Ordinal))
            {
                text.Append(CultureInfo.InvariantCulture, $"tgi_request_failure{{err=\"{type}\"}} {count}\n");
            }

            text.Append('\n');
        }

        if (inputLength.Read().Cumulative[^1] > 0)
        {
            Single(text, "tgi_queue_size", "gauge", load.Waiting);
            Single(text, "tgi_batch_current_size", "gauge", load.Running);
        }

        Buckets(text, "tgi_request_duration", duration);
        Buckets(text, "tgi_request_validation_duration", validation);
        Buckets(text, "tgi_request_queue_duration", queue);
        Buckets(text, "tgi_request_inference_duration", inference);
        Buckets(text, "tgi_request_mean_time_per_token_duration", perToken);
        Buckets(text, "tgi_request_input_length", inputLength);
        Buckets(text, "tgi_request_generated_tokens", generated);
        Buckets(text, "tgi_request_max_new_tokens", newTokens);
        return text.ToString();
    }

    /// <summary>35 bounds from 0.15 ms, each half as large again as the one before.</summary>
    private static double[] Durations()
    {
        var bounds = new double[35];
        var value = 0.0001;
        for (var i = 0; i < bounds.Length; i++)
        {
            bounds[i] = value *= 1.5;
        }

        return bounds;
    }

    private static double[] Hundredths(int most) => [.. Enumerable.Range(1, 100).Select(i => most / 100d * i)];

    private static void Single(StringBuilder text, string name, string type, long value) =>
        text.Append(CultureInfo.InvariantCulture, $"# TYPE {name} {type}\n{name} {value}\n\n");

    private static void Buckets(StringBuilder text, string name, Histogram histogram)
    {
        var (cumulative, sum) = histogram.Read();
        if (cumulative[^1] == 0)
        {
            return;
        }

        text.Append(CultureInfo.InvariantCulture, $"# TYPE {name} histogram\n");
        for (var i = 0; i < cumulative.Length; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{le=\"{(i < histogram.Bounds.Count ? histogram.Bounds[i].ToString("R", CultureInfo.InvariantCulture) : "+Inf")}\"}} {cumulative[i]}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"{name}_sum {sum:R}\n{name}_count {cumulative[^1]}\n\n");
    }
}
