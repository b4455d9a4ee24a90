using Microsoft.AspNetCore.Http;
using Preheat.Runs;
using Preheat.Smoke;
using Preheat.Tests.Load;

namespace Preheat.Tests.Smoke;

public class SmokeTesterTests
{
    private const string Served = "preheat/tiny-gemma-2";

    private static readonly Dictionary<string, (int Status, string Type, string Body)> Good = new(StringComparer.Ordinal)
    {
        ["/health"] = (200, "text/plain", ""),
        ["/v1/models"] = (200, "application/json", """{"object":"list","data":[{"id":"preheat/tiny-gemma-2","object":"model"}]}"""),
        ["/v1/completions"] = (200, "application/json",
            """{"choices":[{"text":"a b","finish_reason":"length"}],"usage":{"prompt_tokens":9,"completion_tokens":16,"total_tokens":25}}"""),
        ["/v1/chat/completions"] = (200, "text/event-stream",
            "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
            + "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"),
        ["unknown"] = (404, "application/json", """{"error":{"message":"The model does not exist."}}"""),
        ["/metrics"] = (200, "text/plain",
            "# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{model_name=\"m\"} 0.0\n# TYPE vllm:num_requests_waiting gauge\nvllm:num_requests_waiting 0.0\n"),
        ["/version"] = (200, "application/json", """{"version":"0.11.1"}"""),
    };

    private static async Task<SmokeReport> RunAsync(string? path = null, int status = 200, string? body = null, RecordedEvents? events = null)
    {
        var answers = new Dictionary<string, (int Status, string Type, string Body)>(Good, StringComparer.Ordinal);
        if (path is not null)
            answers[path] = (status, Good[path].Type, body ?? Good[path].Body);
        await using var server = await LoadServer.StartAsync(
            async context =>
            {
                using var reader = new StreamReader(context.Request.Body);
                var asked = await reader.ReadToEndAsync();
                var key = context.Request.Path.Value!["/proxy".Length..];
                if (key == "/v1/completions" && !asked.Contains($"\"model\":\"{Served}\"", StringComparison.Ordinal))
                    key = "unknown";
                var answer = answers[key];
                context.Response.StatusCode = answer.Status;
                context.Response.ContentType = answer.Type;
                await context.Response.WriteAsync(answer.Body);
            },
            "/proxy/");
        return await SmokeTester.RunAsync(
            new SmokeRequest { Client = server.Client, BaseAddress = server.Address, ServedModelName = Served, Timeout = TimeSpan.FromSeconds(10) },
            events ?? new RecordedEvents(),
            TimeProvider.System,
            CancellationToken.None);
    }

    [Fact]
    public async Task All_checks_pass_against_a_sound_endpoint()
    {
        var events = new RecordedEvents();
        var report = await RunAsync(events: events);
        report.Passed.ShouldBeTrue();
        report.Checks.Count.ShouldBe(7);
        report.ServerVersion.ShouldBe("0.11.1");
        events.All.OfType<Note>().Count().ShouldBe(7);
    }

    [Theory]
    [InlineData("/health", 503, "", "/health answers 200", "status 503, expected 200")]
    [InlineData("/v1/models", 200, """{"data":[{"id":"another"}]}""", "/v1/models lists", "is not among the 1 models")]
    [InlineData("/v1/models", 200, "<html>", "/v1/models lists", "not JSON")]
    [InlineData("/v1/models", 200, "[]", "/v1/models lists", "is not among the 0 models")]
    [InlineData("/v1/completions", 200, """{"choices":[{"text":"a","finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":12}}""", "a completion", "does not add up")]
    [InlineData("/v1/completions", 200, """{"choices":[{"text":"a","finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":17,"total_tokens":26}}""", "a completion", "at most 16")]
    [InlineData("/v1/completions", 200, """{"choices":[{"text":"a"}]}""", "a completion", "finish_reason is missing")]
    [InlineData("/v1/completions", 200, """{"choices":[]}""", "a completion", "text is missing")]
    [InlineData("/v1/chat/completions", 200, "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n", "a streamed answer", "[DONE]")]
    [InlineData("/v1/chat/completions", 200, "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n", "a streamed answer", "finish_reason")]
    [InlineData("/v1/chat/completions", 200, "data: {\"error\":{\"message\":\"broken\"}}\n\n", "a streamed answer", "broken")]
    [InlineData("unknown", 200, "{}", "an unknown model", "expected 404")]
    [InlineData("/metrics", 200, "# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running 0\n# TYPE vllm:num_requests_waiting_total gauge\nvllm:num_requests_waiting_total 0\n", "/metrics has", "'vllm:num_requests_waiting'")]
    [InlineData("/metrics", 200, "# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running_x 0\n", "/metrics has", "has no value")]
    [InlineData("/version", 200, "{}", "/version is stated", "'version' is missing")]
    public async Task One_failing_check_is_named_and_stops_no_other(string path, int status, string body, string check, string reason)
    {
        var thrown = await Should.ThrowAsync<SmokeTestFailedException>(() => RunAsync(path, status, body));
        thrown.ExitCode.ShouldBe(1);
        thrown.Report.Checks.Count.ShouldBe(7);
        thrown.Report.Checks.Single(each => !each.Passed).Name.ShouldStartWith(check);
        thrown.Message.ShouldContain("1 of 7 smoke checks failed");
        thrown.Message.ShouldContain(reason);
    }

    [Fact]
    public async Task A_base_model_without_chat_template_streams_a_completion_instead()
    {
        await using var server = await LoadServer.StartAsync(
            async context =>
            {
                context.Response.StatusCode = context.Request.Path.Value!.Contains("chat", StringComparison.Ordinal) ? 400 : 200;
                context.Response.ContentType = "text/event-stream";
                await context.Response.WriteAsync(context.Response.StatusCode == 400
                    ? """{"error":{"message":"you must provide a chat template if the tokenizer does not define one"}}"""
                    : "data: {\"choices\":[{\"text\":\"a\",\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n");
            },
            "/");
        var failure = await Should.ThrowAsync<SmokeTestFailedException>(() => SmokeTester.RunAsync(
            new SmokeRequest { Client = server.Client, BaseAddress = server.Address, ServedModelName = Served, Timeout = TimeSpan.FromSeconds(10) },
            new RecordedEvents(), TimeProvider.System, CancellationToken.None));
        var check = failure.Report.Checks.Single(check => check.Name == "a streamed answer is well formed");
        check.Passed.ShouldBeTrue(check.Detail);
        check.Detail.ShouldContain("no chat template");
    }

    [Fact]
    public async Task A_long_answer_is_cut_short_in_the_message()
    {
        var thrown = await Should.ThrowAsync<SmokeTestFailedException>(() => RunAsync("/version", 500, new string('x', 100_000)));
        thrown.Message.Length.ShouldBeLessThan(1000);
        thrown.Message.ShouldContain("asked GET /version; answered 500 xxx");
    }

    [Fact]
    public async Task An_endpoint_that_is_not_there_fails_every_check()
    {
        var server = await LoadServer.StartAsync(_ => Task.CompletedTask);
        var address = server.Address;
        await server.DisposeAsync();
        using var client = new HttpClient();
        var thrown = await Should.ThrowAsync<SmokeTestFailedException>(() => SmokeTester.RunAsync(
            new SmokeRequest { Client = client, BaseAddress = address, ServedModelName = Served }, new RecordedEvents(), TimeProvider.System, CancellationToken.None));
        thrown.Report.Checks.ShouldAllBe(check => !check.Passed);
    }

    [Fact]
    public async Task A_silent_endpoint_is_given_up_after_the_time_out_and_cancelling_ends_the_test()
    {
        using var stop = new CancellationTokenSource();
        await using var server = await LoadServer.StartAsync(context =>
        {
            if (context.Request.Path == "/v1/models")
                stop.Cancel();
            return Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        var events = new RecordedEvents();
        await Should.ThrowAsync<OperationCanceledException>(() => SmokeTester.RunAsync(
            new SmokeRequest { Client = server.Client, BaseAddress = server.Address, ServedModelName = Served, Timeout = TimeSpan.FromMilliseconds(200) },
            events,
            TimeProvider.System,
            stop.Token));
        events.All.OfType<Warning>().Single().Text.ShouldContain("no complete answer within 0.2 s");
    }
}
