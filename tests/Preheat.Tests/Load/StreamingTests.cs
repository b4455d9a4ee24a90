using System.Text;
using Microsoft.AspNetCore.Http;
using Preheat.Load;

namespace Preheat.Tests.Load;

/// <summary>What streams of real servers look like at their edges, over real HTTP; one request a run.</summary>
public class StreamingTests
{
    private const string Role = """data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}""" + "\n\n";
    private const string Finish = """data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\n";
    private const string Done = "data: [DONE]\n\n";

    private static string Content(string text) => $$$"""data: {"choices":[{"index":0,"delta":{"content":"{{{text}}}"}}]}""" + "\n\n";

    private static string Delta(string json) => $$$"""data: {"choices":[{"index":0,"delta":{{{json}}}}]}""" + "\n\n";

    private static string Usage(int tokens) => $$$"""data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":{{{tokens}}},"total_tokens":{{{tokens + 5}}}}}""" + "\n\n";

    private static async Task<LoadReport> MeasureAsync(params string[] pieces)
    {
        await using var server = await LoadServer.StreamAsync(pieces);
        return await LoadRuns.RunAsync(server, Once);
    }

    private static LoadOptions Once => new() { Rate = 10, Duration = TimeSpan.FromMilliseconds(100), WarmUpRequests = 0, Timeout = TimeSpan.FromSeconds(10) };

    private static void ShouldFail(LoadReport report, string kind, string error)
    {
        report.Success.ShouldBe(0);
        report.StatusCodes.ShouldBe(new Dictionary<string, int> { ["0"] = 1 });
        report.Failures.Single().Kind.ShouldBe(kind);
        report.Errors.ShouldBe([error]);
        report.Ttft.ShouldBeNull();
    }

    /// <summary>Measures events given with their times, without a network, where a time itself is asserted.</summary>
    private static CompletionStream Follow(params (string Event, long Stamp)[] events)
    {
        var stream = new CompletionStream();
        var reader = new EventStreamReader(stream);
        foreach (var (text, stamp) in events)
            reader.Feed(Encoding.UTF8.GetBytes(text), stamp);
        reader.Complete(events[^1].Stamp);
        stream.Complete();
        return stream;
    }

    [Fact]
    public void A_first_chunk_with_a_role_only_is_no_token()
    {
        var stream = Follow((Role, 10), (Content("a"), 20), (Finish, 30), (Done, 40));
        stream.FirstContent.ShouldBe(20);
        stream.ContentChunks.ShouldBe(1);
    }

    [Theory]
    [InlineData("reasoning")]
    [InlineData("reasoning_content")]
    public void Reasoning_starts_ttft_but_not_visible_ttft(string field)
    {
        var stream = Follow((Delta($$"""{"{{field}}":"hm"}"""), 10), (Content("a"), 20), (Done, 30));
        stream.FirstContent.ShouldBe(10);
        stream.FirstVisible.ShouldBe(20);
    }

    [Fact]
    public void Tool_calls_are_output_and_may_be_null()
    {
        var stream = Follow(
            (Delta("""{"tool_calls":null}"""), 10),
            (Delta("""{"tool_calls":[{"index":0,"id":"x","function":{"name":"look","arguments":""}}]}"""), 20),
            (Delta("""{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}"""), 30),
            (Done, 40));
        stream.FirstContent.ShouldBe(20);
        stream.LastContent.ShouldBe(30);
        stream.ContentChunks.ShouldBe(2);
        stream.Failure.ShouldBeNull();
    }

    [Fact]
    public void A_usage_chunk_without_choices_times_and_extends_nothing()
    {
        var stream = Follow((Content("a"), 10), (Content("b"), 20), (Finish, 30), (Usage(7), 900), (Done, 901));
        (stream.LastContent, stream.ContentChunks, stream.UsageTokens).ShouldBe((20, 2, 7));
        stream.ChunkGaps.ShouldBe([10]);
    }

    [Fact]
    public async Task Without_usage_tokens_are_counted_by_chunks_and_the_report_says_so()
    {
        var report = await MeasureAsync(Content("a"), Content("b"), Finish, Done);
        report.Success.ShouldBe(1);
        (report.OutputTokens, report.TokensFromChunks).ShouldBe((2, 1));
    }

    [Fact]
    public async Task Usage_on_every_chunk_is_a_running_total()
    {
        static string WithUsage(int tokens) => $$$"""data: {"choices":[{"delta":{"content":"x"}}],"usage":{"completion_tokens":{{{tokens}}}}}""" + "\n\n";
        var report = await MeasureAsync(WithUsage(1), WithUsage(2), WithUsage(3), Finish, Done);
        (report.OutputTokens, report.TokensFromChunks).ShouldBe((3, 0));
    }

    [Fact]
    public async Task A_chunk_is_not_a_token()
    {
        var report = await MeasureAsync(Content("several tokens"), Content(" at once"), Finish, Usage(8), Done);
        report.OutputTokens.ShouldBe(8);
        report.TokensPerChunk.ShouldBe(4);
    }

    [Fact]
    public void The_finish_chunk_is_no_gap_and_ttft_is_none_either()
    {
        var stream = Follow((Role, 0), (Content("a"), 100), (Content("b"), 130), (Content("c"), 150), (Finish, 500), (Done, 501));
        stream.ChunkGaps.ShouldBe([30, 20]);
        stream.LastContent.ShouldBe(150);
    }

    [Fact]
    public async Task Done_is_no_token_and_an_end_without_it_and_without_a_finish_reason_is_incomplete()
    {
        (await MeasureAsync(Content("a"), Done)).OutputTokens.ShouldBe(1);
        (await MeasureAsync(Content("a"), Finish)).Success.ShouldBe(1);
        ShouldFail(await MeasureAsync(Content("a"), Content("b")), "incomplete", "the stream ended without [DONE] or a finish reason");
    }

    [Theory]
    [InlineData("""data: {"error":{"message":"out of memory","code":500}}""")]
    [InlineData("""data: {"error":"out of memory"}""")]
    [InlineData("""data: {"object":"error","message":"out of memory","code":500}""")]
    [InlineData("event: error\ndata: out of memory")]
    [InlineData("event: error\ndata: {\"message\":\"out of memory\"}")]
    public async Task An_error_after_status_200_is_a_failure(string error)
    {
        var report = await MeasureAsync(Content("a"), error + "\n\n", Done);
        ShouldFail(report, "streamError", "error in the stream");
        report.Failures[0].Example!.ShouldContain("out of memory");
    }

    [Fact]
    public async Task A_null_error_field_is_no_error() =>
        (await MeasureAsync("""data: {"error":null,"choices":[{"text":"a","finish_reason":"length"}]}""" + "\n\n", Done)).Success.ShouldBe(1);

    [Fact]
    public async Task Text_and_json_may_be_cut_anywhere_between_reads()
    {
        var bytes = Encoding.UTF8.GetBytes("\uFEFF: ping\n\n" + Content("Grüße 👋").Replace("\n", "\r\n", StringComparison.Ordinal) + "data:{\"choices\":\ndata: [{\"text\":\"x\"}]}\n\n" + Finish + Usage(3) + Done);
        await using var server = await LoadServer.StreamAsync([.. bytes.Select(b => new[] { b })]);
        var report = await LoadRuns.RunAsync(server, Once);
        report.Success.ShouldBe(1);
        report.OutputTokens.ShouldBe(3);
        report.TokensPerChunk.ShouldBe(1.5);
        report.BytesIn.Total.ShouldBe(bytes.Length);
    }

    [Fact]
    public async Task One_token_has_ttft_but_no_tpot_and_no_gap()
    {
        var report = await MeasureAsync(Content("a"), Finish, Usage(1), Done);
        report.Ttft!.Count.ShouldBe(1);
        report.Tpot.ShouldBeNull();
        report.ChunkGap.ShouldBeNull();
    }

    [Fact]
    public async Task No_token_is_a_failure_of_its_own() =>
        ShouldFail(await MeasureAsync(Role, Finish, Usage(0), Done), "empty", "the answer holds no token");

    [Fact]
    public async Task Reasoning_tokens_are_part_of_the_completion_tokens_already()
    {
        var usage = """data: {"choices":[],"usage":{"completion_tokens":9,"completion_tokens_details":{"reasoning_tokens":4}}}""" + "\n\n";
        (await MeasureAsync(Delta("""{"reasoning":"hm"}"""), Content("a"), Finish, usage, Done)).OutputTokens.ShouldBe(9);
    }

    [Fact]
    public async Task Times_are_in_order_planned_first_last_end()
    {
        var report = await MeasureAsync(Role, Content("a"), Content("b"), Finish, Usage(2), Done);
        report.Ttft!.Max.ShouldBeGreaterThan(0);
        report.TtftFromSend!.Max.ShouldBeLessThanOrEqualTo(report.Ttft.Max);
        report.E2e!.Max.ShouldBeInRange(report.Ttft.Max, report.Latencies.Max);
        report.Tpot!.Max.ShouldBe(report.ChunkGap!.Max);
    }

    [Fact]
    public async Task A_chunk_that_is_not_json_is_malformed() =>
        ShouldFail(await MeasureAsync(Content("a"), "data: {\"choices\":[\n\n", Done), "malformed", "a chunk of the stream is not JSON");

    [Fact]
    public async Task A_line_beyond_1_MiB_is_refused()
    {
        var report = await MeasureAsync("data: " + new string('x', EventStreamReader.Limit + 1));
        ShouldFail(report, "malformed", "a line of the event stream is longer than 1 MiB");
    }

    [Fact]
    public async Task An_event_of_many_lines_beyond_1_MiB_is_refused() =>
        ShouldFail(await MeasureAsync([.. Enumerable.Repeat("data: " + new string('x', 400_000) + "\n", 3)]), "malformed", "an event of the stream is longer than 1 MiB");

    [Fact]
    public async Task A_connection_lost_in_the_middle_is_a_connection_failure()
    {
        await using var server = await LoadServer.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(Content("a"));
            await context.Response.Body.FlushAsync();
            context.Abort();
        });
        var report = await LoadRuns.RunAsync(server, Once);
        report.Failures.Single().Kind.ShouldBe("connection");
        report.StatusCodes.ShouldBe(new Dictionary<string, int> { ["0"] = 1 });
    }

    [Fact]
    public async Task A_stream_that_outlives_the_timeout_counts_as_no_complete_response()
    {
        await using var server = await LoadServer.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(Content("a"));
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        var report = await LoadRuns.RunAsync(server, Once with { Timeout = TimeSpan.FromMilliseconds(250) });
        ShouldFail(report, "timeout", "deadline exceeded: no complete answer within 250ms (reading the answer)");
        report.BytesIn.Total.ShouldBe(Encoding.UTF8.GetByteCount(Content("a")));
    }
}
