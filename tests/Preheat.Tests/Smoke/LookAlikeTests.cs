using Preheat.LocalCloud.Tests.Serving;
using Preheat.Load;
using Preheat.Smoke;
using Preheat.Tests.Load;

namespace Preheat.Tests.Smoke;

/// <summary>Smoke and load against the embedded cloud's inference server, which was written without this code.</summary>
public class LookAlikeTests
{
    private const string Served = "org/tiny";

    [Fact]
    public async Task Passes_the_smoke_test()
    {
        await using var server = await TestServer.StartedAsync();
        var report = await SmokeTester.RunAsync(
            new SmokeRequest { Client = server.Client, BaseAddress = server.Client.BaseAddress!, ServedModelName = Served }, new RecordedEvents(), TimeProvider.System, CancellationToken.None);
        report.Passed.ShouldBeTrue();
        report.ServerVersion.ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task Fails_the_smoke_test_under_another_name()
    {
        await using var server = await TestServer.StartedAsync();
        var thrown = await Should.ThrowAsync<SmokeTestFailedException>(() => SmokeTester.RunAsync(
            new SmokeRequest { Client = server.Client, BaseAddress = server.Client.BaseAddress!, ServedModelName = "org/other" }, new RecordedEvents(), TimeProvider.System, CancellationToken.None));
        thrown.Report.Checks.Where(check => !check.Passed).Select(check => check.Name)
            .ShouldBe(["/v1/models lists the served model", "a completion states consistent usage", "a streamed answer is well formed"]);
    }

    [Theory]
    [InlineData(LoadDialect.Completions, true)]
    [InlineData(LoadDialect.ChatCompletions, true)]
    [InlineData(LoadDialect.Completions, false)]
    public async Task Tokens_counted_by_the_load_test_are_those_the_server_counted(LoadDialect dialect, bool stream)
    {
        await using var server = await TestServer.StartedAsync();
        var before = await server.MetricAsync("vllm:generation_tokens_total");
        var report = await LoadTester.RunAsync(
            new LoadRequest
            {
                Client = server.Client,
                BaseAddress = server.Client.BaseAddress!,
                ServedModelName = Served,
                Options = new LoadOptions { Rate = 50, Duration = TimeSpan.FromMilliseconds(400), Dialect = dialect, Stream = stream, MaxTokens = 12, WarmUpRequests = 0 },
            },
            new RecordedEvents(),
            TimeProvider.System,
            CancellationToken.None);
        report.Success.ShouldBe(1, report.ToText());
        report.OutputTokens.ShouldBe((long)(await server.MetricAsync("vllm:generation_tokens_total") - before));
        report.TokensFromChunks.ShouldBe(0);
        (report.Ttft?.Count ?? 0).ShouldBe(stream ? 20 : 0);
    }

    [Fact]
    public async Task A_wrong_model_name_ends_the_load_test_before_it_starts()
    {
        await using var server = await TestServer.StartedAsync();
        var thrown = await Should.ThrowAsync<UserException>(() => LoadTester.RunAsync(
            new LoadRequest { Client = server.Client, BaseAddress = server.Client.BaseAddress!, ServedModelName = "org/other" }, new RecordedEvents(), TimeProvider.System, CancellationToken.None));
        thrown.Message.ShouldContain("404");
        thrown.Message.ShouldContain("org/other");
    }
}
