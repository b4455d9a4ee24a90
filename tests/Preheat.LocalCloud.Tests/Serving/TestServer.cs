using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Hub;
using Preheat.LocalCloud.Pods;

namespace Preheat.LocalCloud.Tests.Serving;

/// <summary>A look-alike server started through the pod runtime over a model in a fresh image root.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    public const string ModelPath = "/models/tiny";

    private readonly ConcurrentQueue<string> log = [];
    private readonly DirectoryInfo root = Directory.CreateTempSubdirectory("preheat-lookalike-");
    private HttpClient? client;

    public TestServer() => Model = new TinyModel(root.FullName + ModelPath);

    public TinyModel Model { get; }

    public string Root => root.FullName;

    public Dictionary<string, string> Environment { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, string> Mounts { get; } = new(StringComparer.Ordinal);

    /// <summary>The hub that the server reaches.</summary>
    public ModelHub? Hub { get; set; }

    public string Accelerator { get; set; } = "nvidia-l4";

    public int AcceleratorCount { get; set; } = 1;

    public IRunningContainer Container { get; private set; } = null!;

    public int Touched { get; private set; }

    public IReadOnlyList<string> Log => [.. log];

    public HttpClient Client => client ??= new HttpClient { BaseAddress = Container.Address(8000)!, Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>A server of <c>vllm.entrypoints.openai.api_server</c> over the tiny model, listening.</summary>
    public static async Task<TestServer> StartedAsync(params string[] flags)
    {
        var server = new TestServer();
        await server.ListenAsync(["python3", "-m", "vllm.entrypoints.openai.api_server", "--model", ModelPath, "--served-model-name", "org/tiny", "alias", .. flags]);
        return server;
    }

    public async Task ListenAsync(params string[] argv)
    {
        await BeginAsync(argv);
        for (var i = 0; Container.Address(8000) is null; i++)
        {
            Container.Exited.IsCompleted.ShouldBeFalse(string.Join('\n', Log));
            i.ShouldBeLessThan(2000);
            await Task.Delay(10);
        }
    }

    public async Task<int> ExitCodeAsync(params string[] argv)
    {
        await BeginAsync(argv);
        return await Container.Exited.WaitAsync(TimeSpan.FromSeconds(30));
    }

    public Task<int> ExitCodeOfModelAsync(params string[] flags) => ExitCodeAsync(["vllm", "serve", ModelPath, .. flags]);

    public async Task<JsonElement> PostAsync(string path, object body, int expected = 200)
    {
        using var response = await Client.PostAsJsonAsync(path, body);
        var text = await response.Content.ReadAsStringAsync();
        ((int)response.StatusCode).ShouldBe(expected, text);
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>The data of each event of a stream, without the end mark.</summary>
    public async Task<List<JsonElement>> StreamAsync(string path, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        using var response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        var text = await response.Content.ReadAsStringAsync();
        var events = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        events[^1].ShouldBe("data: [DONE]");
        return [.. events[..^1].Select(e => JsonDocument.Parse(e["data: ".Length..]).RootElement)];
    }

    /// <summary>The value of a sample whose name and labels begin so.</summary>
    public async Task<double> MetricAsync(string start)
    {
        var line = (await Client.GetStringAsync("/metrics")).Split('\n').Single(l => l.StartsWith(start, StringComparison.Ordinal));
        return double.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Waits until a sample has a value.</summary>
    public async Task MetricBecomesAsync(string start, double value)
    {
        for (var i = 0; await MetricAsync(start) != value; i++)
        {
            i.ShouldBeLessThan(1000, $"{start} never became {value}: {await MetricAsync(start)}");
            await Task.Delay(10);
        }
    }

    public async ValueTask DisposeAsync()
    {
        client?.Dispose();
        if (Container is not null)
        {
            await Container.DisposeAsync();
        }

        root.Delete(recursive: true);
    }

    private async Task BeginAsync(string[] argv)
    {
        Container = await new LookAlikeRuntime(Hub).StartAsync(
            new ContainerStart
            {
                Namespace = "default",
                Pod = "tiny-0",
                Container = "server",
                Argv = argv,
                Environment = Environment,
                WorkingDirectory = "/",
                RootDirectory = root.FullName,
                Mounts = Mounts,
                Accelerator = Accelerator,
                AcceleratorCount = AcceleratorCount,
                Clock = new InfrastructureClock(TimeProvider.System, 10_000),
                Log = log.Enqueue,
                Touch = () => Touched++,
            },
            CancellationToken.None);
    }
}
