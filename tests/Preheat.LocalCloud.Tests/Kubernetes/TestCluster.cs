using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Pods;
using Preheat.LocalCloud.Tests.Pods;

namespace Preheat.LocalCloud.Tests.Kubernetes;

/// <summary>A cluster of its own state and port with a runtime that serves a tiny page, and a client that trusts its authority only.</summary>
public sealed class TestCluster : IAsyncLifetime
{
    public const string Image = "local-docker.pkg.dev/p/r/server:v1";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private KubernetesCluster? _cluster;
    private int _touches;

    public TestCluster()
        : this(timeScale: 2000)
    {
    }

    internal TestCluster(double timeScale)
    {
        TimeScale = timeScale;
        Images = new FakeImages(Path.Combine(StateDirectory, "blobs"));
        Images.Add(Image, new ImageSpec { Entrypoint = ["serve"], Files = { ["etc/name"] = "server"u8.ToArray() } });
    }

    public double TimeScale { get; }

    public string StateDirectory { get; } = Directory.CreateTempSubdirectory("preheat-kube-").FullName;

    internal FakeImages Images { get; }

    internal FakeRuntime Runtime { get; } = new();

    public HttpClient Client { get; private set; } = new();

    public string Kubeconfig => _cluster!.Kubeconfig;

    public Uri Address => _cluster!.Address;

    public int Touches => Volatile.Read(ref _touches);

    public async Task InitializeAsync()
    {
        _cluster = await KubernetesCluster.StartAsync(new ClusterOptions
        {
            StateDirectory = Path.Combine(StateDirectory, "kubernetes"),
            Port = 0,
            Clock = new InfrastructureClock(TimeProvider.System, TimeScale),
            Images = Images,
            Runtimes = [Runtime, new LookAlikeRuntime()],
            Touch = () => Interlocked.Increment(ref _touches),
        }, CancellationToken.None);
        Client.Dispose();
        Client = NewClient(Value("token:"));
    }

    /// <summary>Stops the cluster and starts it again on the same state.</summary>
    public async Task RestartAsync(Action? between = null)
    {
        await _cluster!.DisposeAsync();
        between?.Invoke();
        await InitializeAsync();
    }

    public async Task DisposeAsync()
    {
        Client.Dispose();
        await _cluster!.DisposeAsync();
        Directory.Delete(StateDirectory, recursive: true);
    }

    public HttpClient NewClient(string? token)
    {
        var authority = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(Convert.FromBase64String(Value("certificate-authority-data:"))));
        var client = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions =
            {
                CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority }, RevocationMode = X509RevocationMode.NoCheck },
            },
        })
        {
            BaseAddress = Address,
            DefaultRequestVersion = HttpVersion.Version20,
        };
        if (token is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        client.DefaultRequestHeaders.UserAgent.ParseAdd("tests/1.0");
        return client;
    }

    public async Task<(int Code, JsonNode Body)> SendAsync(HttpMethod method, string path, string? body = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, type);
        }

        using var response = await Client.SendAsync(request);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        return ((int)response.StatusCode, KubeJson.Parse(bytes)!);
    }

    public Task<(int Code, JsonNode Body)> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<(int Code, JsonNode Body)> PostAsync(string path, JsonNode body) => SendAsync(HttpMethod.Post, path, body.ToJsonString());

    public Task<(int Code, JsonNode Body)> PutAsync(string path, JsonNode body) => SendAsync(HttpMethod.Put, path, body.ToJsonString());

    public Task<(int Code, JsonNode Body)> MergeAsync(string path, string body) => SendAsync(HttpMethod.Patch, path, body, "application/merge-patch+json");

    public Task<(int Code, JsonNode Body)> DeleteAsync(string path, string? body = null) => SendAsync(HttpMethod.Delete, path, body);

    public Task<(int Code, JsonNode Body)> ApplyAsync(string path, string yaml, string manager = "one", bool force = false) =>
        SendAsync(HttpMethod.Patch, $"{path}{(path.Contains('?') ? '&' : '?')}fieldManager={manager}&force={(force ? "true" : "false")}", yaml, "application/apply-patch+yaml");

    /// <summary>A new namespace; returns its path with a slash behind.</summary>
    public async Task<string> NamespaceAsync(string? name = null)
    {
        name ??= $"t-{Guid.NewGuid():N}"[..14];
        (await PostAsync("api/v1/namespaces", new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } })).Code.ShouldBe(201);
        return $"namespaces/{name}/";
    }

    /// <summary>Asks until the answer is as wanted; fails with the last one.</summary>
    public async Task<JsonNode> WaitAsync(string path, Func<JsonNode, bool> wanted)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var (_, body) = await GetAsync(path);
            if (wanted(body))
            {
                return body;
            }

            if (TimeProvider.System.GetElapsedTime(begun) > Patience)
            {
                throw new TimeoutException($"{path} never became as wanted; last: {body.ToJsonString()}");
            }

            await Task.Delay(15);
        }
    }

    public Task<JsonNode> WaitGoneAsync(string path) => WaitAsync(path, body => body.Text("reason") == "NotFound");

    private string Value(string name) => Kubeconfig.Split('\n').First(line => line.Contains(name)).Split(name)[1].Trim();
}

/// <summary>One cluster for all tests that only need their own namespace.</summary>
[CollectionDefinition(Name)]
public sealed class SharedCluster : ICollectionFixture<TestCluster>
{
    public const string Name = "cluster";
}
