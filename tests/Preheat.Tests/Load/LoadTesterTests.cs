using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Preheat.Load;
using Preheat.Runs;

namespace Preheat.Tests.Load;

public sealed class LoadTesterTests : IDisposable
{
    private static readonly LoadOptions Short = new() { Rate = 100, Duration = TimeSpan.FromMilliseconds(200), WarmUpRequests = 0, Timeout = TimeSpan.FromSeconds(10) };

    private readonly string _folder = Directory.CreateTempSubdirectory("preheat-load-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Task Ok(HttpContext context) => context.Response.WriteAsync("fine");

    [Fact]
    public async Task Sends_exactly_rate_times_duration_requests()
    {
        await using var server = await LoadServer.StartAsync(Ok);
        var events = new RecordedEvents();
        var report = await LoadRuns.RunAsync(server, new LoadOptions { Rate = 200, Duration = TimeSpan.FromSeconds(2), WarmUpRequests = 3 }, events);
        report.Requests.ShouldBe(400);
        report.Planned.ShouldBe(400);
        server.Requests.ShouldBe(403);
        report.StatusCodes.ShouldBe(new Dictionary<string, int> { ["200"] = 400 });
        report.RequestedRate.ShouldBe(200);
        report.AchievedRate.ShouldBeInRange(20, 201);
        report.BytesIn.Total.ShouldBe(1600);
        report.Ttft.ShouldBeNull();
        report.Samples.Select(sample => sample.At).ShouldBe([.. Enumerable.Range(0, 400).Select(i => i * 5_000_000L)]);
        events.All.OfType<StateChanged>().ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Slow_answers_hold_nothing_up()
    {
        var waiting = 0;
        var all = new TaskCompletionSource();
        await using var server = await LoadServer.StartAsync(async context =>
        {
            // Nobody is answered before everybody has asked: a closed loop would never end here.
            if (Interlocked.Increment(ref waiting) == 20)
                all.SetResult();
            await all.Task.WaitAsync(context.RequestAborted);
            await Ok(context);
        });
        var report = await LoadRuns.RunAsync(server, Short);
        report.Success.ShouldBe(1);
        report.Latencies.Max.ShouldBeGreaterThan(report.Latencies.Min);
    }

    [Fact]
    public async Task Sends_the_generated_request_below_a_base_path()
    {
        var seen = new ConcurrentBag<(string Path, string? Type, string Body)>();
        await using var server = await LoadServer.StartAsync(
            async context =>
            {
                using var reader = new StreamReader(context.Request.Body);
                seen.Add((context.Request.Path, context.Request.ContentType, await reader.ReadToEndAsync()));
                await Ok(context);
            },
            "/api/v1/namespaces/ns/services/http:vllm:8000/proxy/");
        var report = await LoadRuns.RunAsync(server, Short with { Dialect = LoadDialect.ChatCompletions, MaxTokens = 7 });
        seen.Count.ShouldBe(20);
        var (path, type, body) = seen.First();
        path.ShouldBe("/api/v1/namespaces/ns/services/http:vllm:8000/proxy/v1/chat/completions");
        type.ShouldBe("application/json");
        using var document = JsonDocument.Parse(body);
        document.RootElement.GetProperty("model").GetString().ShouldBe("preheat/tiny-gemma-2");
        document.RootElement.GetProperty("max_tokens").GetInt32().ShouldBe(7);
        document.RootElement.GetProperty("stream_options").GetProperty("include_usage").GetBoolean().ShouldBeTrue();
        report.BytesOut.Total.ShouldBe(20 * body.Length);
    }

    [Fact]
    public async Task Sends_the_targets_of_a_file_in_turn()
    {
        File.WriteAllText(Path.Combine(_folder, "body.txt"), "hello");
        File.WriteAllText(Path.Combine(_folder, "targets.txt"), "POST /a\nX-Kind: first\nContent-Type: text/plain\n@body.txt\n\nGET /b\n");
        var seen = new ConcurrentBag<string>();
        await using var server = await LoadServer.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            seen.Add($"{context.Request.Method} {context.Request.Path} {context.Request.Headers["X-Kind"]} {context.Request.ContentType} {await reader.ReadToEndAsync()}");
            await Ok(context);
        });
        await LoadRuns.RunAsync(server, Short with { TargetsFile = Path.Combine(_folder, "targets.txt") });
        seen.GroupBy(line => line, StringComparer.Ordinal).Select(group => (group.Key, group.Count()))
            .ShouldBe([("POST /a first text/plain hello", 10), ("GET /b   ", 10)], ignoreOrder: true);
    }

    [Fact]
    public async Task Tokens_of_an_answer_that_came_whole_are_counted()
    {
        await using var server = await LoadServer.StartAsync(context =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync("""{"choices":[{"text":"x","finish_reason":"stop"}],"usage":{"completion_tokens":5}}""");
        });
        var report = await LoadRuns.RunAsync(server, Short with { Stream = false });
        report.OutputTokens.ShouldBe(100);
        report.OutputTokensPerSecond.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Failures_are_grouped_and_the_servers_words_kept()
    {
        var count = 0;
        await using var server = await LoadServer.StartAsync(context =>
        {
            if (Interlocked.Increment(ref count) % 2 == 0)
                return Ok(context);
            context.Response.StatusCode = 503;
            return context.Response.WriteAsync("overloaded\nnow");
        });
        var report = await LoadRuns.RunAsync(server, Short);
        report.StatusCodes.ShouldBe(new Dictionary<string, int> { ["200"] = 10, ["503"] = 10 });
        report.Errors.ShouldBe(["503 Service Unavailable"]);
        report.Failures.ShouldBe([new("status", "503 Service Unavailable", 10, "overloaded now")]);
        report.Success.ShouldBe(0.5);
    }

    [Fact]
    public async Task A_server_that_is_silent_is_a_timeout()
    {
        await using var server = await LoadServer.StartAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default));
        var report = await LoadRuns.RunAsync(server, Short with { Timeout = TimeSpan.FromMilliseconds(100) });
        report.StatusCodes.ShouldBe(new Dictionary<string, int> { ["0"] = 20 });
        report.Errors.ShouldBe(["deadline exceeded: no complete answer within 100ms (waiting for headers)"]);
    }

    [Fact]
    public async Task A_port_where_nobody_listens_is_a_refused_connection()
    {
        var server = await LoadServer.StartAsync(Ok);
        var address = server.Address;
        await server.DisposeAsync();
        using var client = new HttpClient();
        var report = await LoadTester.RunAsync(
            new LoadRequest { Client = client, BaseAddress = address, ServedModelName = "m", Options = Short }, new RecordedEvents(), TimeProvider.System, CancellationToken.None);
        report.Errors.ShouldBe(["connection refused"]);
        report.StatusCodes["0"].ShouldBe(20);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    public async Task A_warm_up_that_is_refused_ends_the_test_before_it_starts(int status)
    {
        await using var server = await LoadServer.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsync("no such model");
        });
        var thrown = await Should.ThrowAsync<UserException>(() => LoadRuns.RunAsync(server, Short with { WarmUpRequests = 1 }));
        thrown.Message.ShouldContain("no such model");
        server.Requests.ShouldBe(1);
    }

    [Fact]
    public async Task A_warm_up_that_fails_otherwise_is_a_warning()
    {
        var count = 0;
        await using var server = await LoadServer.StartAsync(context =>
        {
            context.Response.StatusCode = Interlocked.Increment(ref count) == 1 ? 500 : 200;
            return Task.CompletedTask;
        });
        var events = new RecordedEvents();
        (await LoadRuns.RunAsync(server, Short with { WarmUpRequests = 1 }, events)).Success.ShouldBe(1);
        events.All.OfType<Warning>().ShouldContain(warning => warning.Text.Contains("500", StringComparison.Ordinal));
    }

    [Fact]
    public async Task When_cancelled_it_waits_for_nothing_and_reports_what_was_measured()
    {
        using var stop = new CancellationTokenSource();
        var (count, answered, later) = (0, 0, 0);
        await using var server = await LoadServer.StartAsync(context =>
        {
            var number = Interlocked.Increment(ref count);
            context.Response.OnCompleted(() => Task.FromResult(Interlocked.Increment(ref answered)));
            // Long enough after the tenth answer that the client has read it, even where ten requests arrive at once.
            if (Volatile.Read(ref answered) >= 10 && Interlocked.Increment(ref later) == 50)
                stop.Cancel();
            return number <= 10 ? Ok(context) : Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        var report = await LoadRuns.RunAsync(server, Short with { Duration = TimeSpan.FromMinutes(10), Timeout = TimeSpan.FromMinutes(10) }, cancellation: stop.Token);
        report.Interrupted.ShouldBeTrue();
        report.Requests.ShouldBe(10);
        report.Abandoned.ShouldBeGreaterThanOrEqualTo(5);
        report.Planned.ShouldBe(60_000);
        report.Success.ShouldBe(1);
        LoadReport.FromJson(report.ToJson()).Interrupted.ShouldBeTrue();
    }

    [Fact]
    public async Task When_cancelled_during_the_warm_up_the_report_is_empty()
    {
        using var stop = new CancellationTokenSource();
        await using var server = await LoadServer.StartAsync(context =>
        {
            stop.Cancel();
            return Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        var report = await LoadRuns.RunAsync(server, Short with { WarmUpRequests = 1 }, cancellation: stop.Token);
        (report.Interrupted, report.Requests, report.Abandoned).ShouldBe((true, 0, 0));
    }

    [Fact]
    public async Task Wrong_options_are_refused_before_anything_is_sent()
    {
        await using var server = await LoadServer.StartAsync(Ok);
        var thrown = await Should.ThrowAsync<UserException>(() => LoadRuns.RunAsync(server, Short with { Rate = 0, Timeout = TimeSpan.Zero }));
        thrown.Message.ShouldContain("--load-rate");
        thrown.Message.ShouldContain("--load-timeout");
        server.Requests.ShouldBe(0);
    }

    [Fact]
    public void The_stamp_names_the_profile_and_the_time_scale_of_a_simulated_run()
    {
        var endpoints = new CloudEndpoints { Hub = new Uri("http://127.0.0.1/"), TimeScale = 120 };
        LoadRequest.SimulationStamp(endpoints, "nvidia-l4").ShouldBe("simulated: profile nvidia-l4, time-scale 120");
        LoadRequest.SimulationStamp(endpoints with { TimeScale = null }, "nvidia-l4").ShouldBeNull();
    }
}
