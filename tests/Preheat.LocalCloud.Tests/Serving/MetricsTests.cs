using System.Globalization;
using System.Text.RegularExpressions;

namespace Preheat.LocalCloud.Tests.Serving;

public sealed partial class MetricsTests
{
    /// <summary>Whole names, types and labels: autoscalers match them exactly.</summary>
    private static readonly Dictionary<string, string> Expected = new()
    {
        ["vllm:num_requests_running"] = "gauge",
        ["vllm:num_requests_waiting"] = "gauge",
        ["vllm:num_requests_waiting_by_reason"] = "gauge",
        ["vllm:kv_cache_usage_perc"] = "gauge",
        ["vllm:num_preemptions_total"] = "counter",
        ["vllm:prompt_tokens_total"] = "counter",
        ["vllm:generation_tokens_total"] = "counter",
        ["vllm:request_success_total"] = "counter",
        ["vllm:time_to_first_token_seconds"] = "histogram",
        ["vllm:inter_token_latency_seconds"] = "histogram",
        ["vllm:e2e_request_latency_seconds"] = "histogram",
        ["vllm:request_queue_time_seconds"] = "histogram",
        ["vllm:request_prefill_time_seconds"] = "histogram",
        ["vllm:request_decode_time_seconds"] = "histogram",
    };

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)\{(?<labels>(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*)\} (?<value>[0-9.eE+-]+|\+Inf)$""")]
    private static partial Regex Sample();

    [Fact]
    public async Task Every_line_is_exposition_format_and_every_histogram_adds_up()
    {
        await using var server = await TestServer.StartedAsync();
        await server.PostAsync("/v1/completions", new { prompt = new[] { "a b c", "d" }, max_tokens = 9 });
        using var response = await server.Client.GetAsync("/metrics");
        response.Content.Headers.ContentType!.ToString().ShouldBe("text/plain; version=0.0.4; charset=utf-8");
        var text = await response.Content.ReadAsStringAsync();
        text.ShouldEndWith("\n");

        var types = new Dictionary<string, string>();
        var samples = new List<(string Name, string Labels, double Value)>();
        foreach (var line in text.TrimEnd('\n').Split('\n'))
        {
            if (line.StartsWith("# TYPE "))
            {
                var words = line.Split(' ');
                types.Add(words[2], words[3]);
            }
            else if (!line.StartsWith("# HELP "))
            {
                var match = Sample().Match(line);
                match.Success.ShouldBeTrue(line);
                match.Groups["labels"].Value.ShouldStartWith("engine=\"0\",model_name=\"org/tiny\"");
                samples.Add((match.Groups["name"].Value, match.Groups["labels"].Value, double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture)));
            }
        }

        types.ShouldBe(Expected, ignoreOrder: true);
        foreach (var name in types.Where(t => t.Value == "histogram").Select(t => t.Key))
        {
            var buckets = samples.Where(s => s.Name == name + "_bucket").Select(s => s.Value).ToList();
            buckets.ShouldBe(buckets.Order());
            samples.Single(s => s.Name == name + "_bucket" && s.Labels.EndsWith("le=\"+Inf\"")).Value.ShouldBe(samples.Single(s => s.Name == name + "_count").Value);
            samples.Single(s => s.Name == name + "_sum").Value.ShouldBeGreaterThanOrEqualTo(0);
        }

        double Value(string name) => samples.Single(s => s.Name == name).Value;
        Value("vllm:prompt_tokens_total").ShouldBe(4 + 2);
        Value("vllm:generation_tokens_total").ShouldBe(18);
        Value("vllm:time_to_first_token_seconds_count").ShouldBe(2);
        Value("vllm:inter_token_latency_seconds_count").ShouldBe(16);
        Value("vllm:e2e_request_latency_seconds_count").ShouldBe(2);
        samples.Single(s => s.Name == "vllm:request_success_total" && s.Labels.Contains("length")).Value.ShouldBe(2);
    }
}
