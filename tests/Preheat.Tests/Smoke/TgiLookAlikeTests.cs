using Preheat.LocalCloud.Tests.Serving;
using Preheat.Load;
using Preheat.Smoke;
using Preheat.Tests.Load;

namespace Preheat.Tests.Smoke;

/// <summary>Smoke and load against the embedded cloud's TGI and vLLM's simple server, which were written without this code.</summary>
public class TgiLookAlikeTests
{
    private static readonly string[] Tgi = ["/tgi-entrypoint.sh", "--model-id", TestServer.ModelPath, "--port", "8000"];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TGI_passes_the_smoke_test_with_and_without_a_chat_template(bool template)
    {
        await using var server = new TestServer();
        if (!template)
            await File.WriteAllTextAsync(server.Model.File("tokenizer_config.json"), "{}");
        await server.ListenAsync(Tgi);
        var report = await SmokeAsync(server, "tgi", "openai");
        report.Checks.Count.ShouldBe(7);
        report.ServerVersion.ShouldBe("3.3.6");
        report.Checks.Single(check => check.Name.Contains("OpenAI", StringComparison.Ordinal)).Detail.ShouldStartWith(template ? "chat: " : "completion (the model has no chat template): ");
    }

    [Fact]
    public async Task TGI_under_another_name_fails_the_check_of_the_name_only()
    {
        await using var server = new TestServer();
        await server.ListenAsync(Tgi);
        var thrown = await Should.ThrowAsync<SmokeTestFailedException>(() => SmokeAsync(server, "tgi", "openai", "org/other"));
        thrown.Report.Checks.Where(check => !check.Passed).Select(check => check.Name).ShouldBe(["/info names the served model"]);
    }

    [Fact]
    public async Task vLLM_fails_the_smoke_test_of_TGI()
    {
        await using var server = await TestServer.StartedAsync();
        var thrown = await Should.ThrowAsync<SmokeTestFailedException>(() => SmokeAsync(server, "tgi", "openai"));
        thrown.Report.Checks.Count(check => !check.Passed).ShouldBeGreaterThan(3);
    }

    [Theory]
    [InlineData(null, "text: ")]
    [InlineData("0.5.4+vertex", "predictions: ")]
    public async Task The_simple_server_passes_in_the_dialect_of_its_image(string? version, string detail)
    {
        await using var server = new TestServer();
        if (version is not null)
        {
            var folder = Directory.CreateDirectory(Path.Combine(server.Root, $"usr/local/lib/python3.12/dist-packages/vllm-{version}.dist-info"));
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "METADATA"), $"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\n");
        }
        await server.ListenAsync("python3", "-m", "vllm.entrypoints.api_server", $"--model={TestServer.ModelPath}");
        var report = await SmokeAsync(server, "vllm", "generate");
        report.Checks[^1].Detail.ShouldStartWith(detail);
        (await LoadAsync(server, "vllm", "generate")).Success.ShouldBe(1);
    }

    [Theory]
    [InlineData("openai", LoadDialect.Completions)]
    [InlineData("generate", LoadDialect.TgiGenerate)]
    public async Task Tokens_counted_by_the_load_test_are_those_that_TGI_counted(string api, LoadDialect dialect)
    {
        await using var server = new TestServer();
        await server.ListenAsync(Tgi);
        new LoadOptions().For("tgi", api).Dialect.ShouldBe(dialect);
        var report = await LoadAsync(server, "tgi", api);
        report.Success.ShouldBe(1, report.ToText());
        report.OutputTokens.ShouldBe((long)await server.MetricAsync("tgi_request_generated_tokens_sum"));
        report.TokensFromChunks.ShouldBe(0);
        report.Ttft.ShouldNotBeNull().Count.ShouldBe(20);
    }

    private static Task<SmokeReport> SmokeAsync(TestServer server, string kind, string api, string served = TestServer.ModelPath) => SmokeTester.RunAsync(
        new SmokeRequest { Client = server.Client, BaseAddress = server.Client.BaseAddress!, ServedModelName = served, Server = kind, Api = api }, new RecordedEvents(), TimeProvider.System, CancellationToken.None);

    private static Task<LoadReport> LoadAsync(TestServer server, string kind, string api) => LoadTester.RunAsync(
        new LoadRequest
        {
            Client = server.Client,
            BaseAddress = server.Client.BaseAddress!,
            ServedModelName = TestServer.ModelPath,
            Options = new LoadOptions { Rate = 50, Duration = TimeSpan.FromMilliseconds(400), MaxTokens = 12, WarmUpRequests = 0 }.For(kind, api),
        },
        new RecordedEvents(),
        TimeProvider.System,
        CancellationToken.None);
}
