using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using static Preheat.LocalCloud.Tests.Registry.RegistryClient;
using Preheat.LocalCloud.Tests.Registry;

namespace Preheat.LocalCloud.Tests.Hosting;

public sealed class LocalCloudHostTests : IDisposable
{
    private readonly TemporaryFolder _state = new();
    private readonly HttpClient _client = new();

    public void Dispose()
    {
        _client.Dispose();
        _state.Dispose();
    }

    [Fact]
    public async Task Keeps_ports_and_images_over_a_restart()
    {
        var blob = Bytes("kept");
        LocalEndpoint first;
        await using (var host = await StartAsync())
        {
            first = host.Endpoint;
            using var registry = new HttpClient { BaseAddress = first.Registry };
            await registry.PushBlobAsync("p/r/kept", blob);
            (await registry.PutManifestAsync("p/r/kept", "v1", Manifest(blob))).StatusCode.ShouldBe(HttpStatusCode.Created);
        }

        await using var again = await StartAsync();
        again.Endpoint.Registry.ShouldBe(first.Registry);
        again.Endpoint.Kubernetes.ShouldBe(first.Kubernetes);
        again.Endpoint.Gateway.ShouldBe(first.Gateway);
        again.Endpoint.AdminToken.ShouldNotBe(first.AdminToken);
        (await _client.GetStringAsync(new Uri(again.Endpoint.Registry, $"/v2/p/r/kept/blobs/{Digest(blob)}"))).ShouldBe("kept");
        (await _client.GetByteArrayAsync(new Uri(again.Endpoint.Registry, "/v2/p/r/kept/manifests/v1"))).ShouldBe(Manifest(blob));
    }

    [Fact]
    public async Task Removes_uploads_that_a_killed_process_left()
    {
        var uploads = Directory.CreateDirectory(_state["registry/uploads"]).FullName;
        await File.WriteAllTextAsync(Path.Combine(uploads, "left"), "half a blob");
        await using var host = await StartAsync();
        Directory.EnumerateFiles(uploads).ShouldBeEmpty();
    }

    [Fact]
    public async Task Logs_what_changes_the_registry_and_counts_all_requests()
    {
        var blob = Bytes("logged");
        await using var host = await StartAsync();
        using var registry = new HttpClient { BaseAddress = host.Endpoint.Registry };
        await registry.PushBlobAsync("p/r/logged", blob);
        (await registry.GetAsync(new Uri("/v2/p/r/logged/blobs/" + Digest(blob), UriKind.Relative))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await registry.PutManifestAsync("p/r/logged", "v1", Manifest(blob))).StatusCode.ShouldBe(HttpStatusCode.Created);
        (await registry.PutManifestAsync("p/r/logged", "v1", [1])).IsSuccessStatusCode.ShouldBeFalse();

        var lines = File.ReadAllLines(_state["registry/access.jsonl"]).Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement).ToList();
        lines.ShouldAllBe(line => line.GetProperty("method").GetString() != "GET");
        lines.Count(line => line.GetProperty("digest").GetString() == Digest(blob) && line.GetProperty("status").GetInt32() == 201).ShouldBe(1);
        lines.Where(line => line.GetProperty("path").GetString() == "/v2/p/r/logged/manifests/v1").Select(line => line.GetProperty("status").GetInt32() / 100).ShouldBe([2, 4]);

        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", host.Endpoint.AdminToken);
        var counts = System.Text.Json.JsonDocument.Parse(await _client.GetStringAsync(new Uri(host.Endpoint.Gateway, "/admin/requests"))).RootElement.GetProperty("registry");
        counts.GetProperty("GET").GetInt64().ShouldBe(1);
        counts.EnumerateObject().Where(method => method.Name is not ("GET" or "HEAD")).Sum(method => method.Value.GetInt64()).ShouldBe(lines.Count);
    }

    [Fact]
    public async Task What_a_killed_process_left_is_no_tag()
    {
        Directory.CreateDirectory(_state["registry/repositories/p/r/torn/_manifests"]);
        var tags = Directory.CreateDirectory(_state["registry/repositories/p/r/torn/_tags"]).FullName;
        var written = Path.Combine(tags, "v1");
        Preheat.LocalCloud.Hosting.AtomicFile.Write(written, [1]);
        using var watcher = new FileSystemWatcher(tags);
        var names = new System.Collections.Concurrent.ConcurrentBag<string>();
        watcher.Created += (_, change) => names.Add(change.Name!);
        watcher.EnableRaisingEvents = true;
        Preheat.LocalCloud.Hosting.AtomicFile.Write(written, [2]);
        for (var tries = 0; names.IsEmpty && tries < 200; tries++)
            await Task.Delay(10);
        var left = names.First(name => name != "v1");
        await File.WriteAllTextAsync(Path.Combine(tags, left), "half");
        await using var host = await StartAsync();
        (await _client.GetStringAsync(new Uri(host.Endpoint.Registry, "/v2/p/r/torn/tags/list"))).ShouldContain("""["v1"]""");
    }

    [Fact]
    public async Task Says_which_port_is_taken_and_what_to_do()
    {
        var blocker = new TcpListener(IPAddress.Loopback, 0);
        blocker.Start();
        var port = ((IPEndPoint)blocker.LocalEndpoint).Port;
        var error = await Should.ThrowAsync<LocalCloudException>(() =>
            LocalCloudHost.StartAsync(new LocalCloudOptions { StateDirectory = _state.Path, GatewayPort = port }, CancellationToken.None));
        blocker.Stop();
        error.Data["exit"].ShouldBe(2);
        error.Message.ShouldContain($"Port {port} ");
        error.Message.ShouldContain("--local-cloud-port");

        await using var host = await LocalCloudHost.StartAsync(new LocalCloudOptions { StateDirectory = _state.Path, GatewayPort = port }, CancellationToken.None);
        host.Endpoint.Gateway.Port.ShouldBe(port);
    }

    [Fact]
    public async Task Says_that_the_state_folder_cannot_be_used()
    {
        await File.WriteAllTextAsync(_state["file"], "");
        var error = await Should.ThrowAsync<LocalCloudException>(() =>
            LocalCloudHost.StartAsync(new LocalCloudOptions { StateDirectory = _state["file"] }, CancellationToken.None));
        error.Data["exit"].ShouldBe(2);
        error.Message.ShouldContain(_state["file"]);
    }

    [Fact]
    public async Task A_broken_upload_leaves_nothing_behind()
    {
        await using var host = await StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, host.Endpoint.Registry.Port);
        await client.GetStream().WriteAsync(Bytes($"POST /v2/p/r/cut/blobs/uploads/?digest={Digest([1])} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nonly this"));
        var uploads = new DirectoryInfo(_state["registry/uploads"]);
        await UntilAsync(() => uploads.EnumerateFiles().Any());
        client.Client.Close(0); // resets the connection
        await UntilAsync(() => !uploads.EnumerateFiles().Any());
    }

    [Fact]
    public async Task Refuses_a_second_cloud_on_the_same_state_folder()
    {
        await using var host = await StartAsync();
        var error = await Should.ThrowAsync<LocalCloudException>(StartAsync);
        error.Message.ShouldContain(_state.Path);
    }

    [Fact]
    public async Task Closes_the_state_folder_to_others()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // access lists of the profile folder do it there
        }

        await using var host = await StartAsync();
        File.GetUnixFileMode(_state.Path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.GetUnixFileMode(host.Endpoint.Kubeconfig).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("wrong")]
    public async Task Answers_admin_calls_only_with_the_token(string? token)
    {
        await using var host = await StartAsync();
        (await AdminAsync(host, HttpMethod.Post, "stop", token)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        host.StopRequested.IsCompleted.ShouldBeFalse();
        (await AdminAsync(host, HttpMethod.Get, "health", host.Endpoint.AdminToken)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Is_asked_to_stop_over_http()
    {
        await using var host = await StartAsync();
        (await AdminAsync(host, HttpMethod.Post, "stop", host.Endpoint.AdminToken)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await host.StopRequested.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Takes_fault_rules_over_http()
    {
        await using var host = await StartAsync();
        var set = await AdminAsync(host, HttpMethod.Post, "faults", host.Endpoint.AdminToken, """{"prefix":"/v2/","status":503,"times":0}""");
        set.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await _client.GetAsync(new Uri(host.Endpoint.Registry, "/v2/"))).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await AdminAsync(host, HttpMethod.Delete, "faults", host.Endpoint.AdminToken)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await _client.GetAsync(new Uri(host.Endpoint.Registry, "/v2/"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await AdminAsync(host, HttpMethod.Post, "faults", host.Endpoint.AdminToken, """{"prefix":"/v2/","sttus":503}""")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            await Task.Delay(10, limit.Token);
        }
    }

    private Task<LocalCloudHost> StartAsync() => LocalCloudHost.StartAsync(new LocalCloudOptions { StateDirectory = _state.Path }, CancellationToken.None);

    private async Task<HttpResponseMessage> AdminAsync(LocalCloudHost host, HttpMethod method, string path, string? token, string body = "")
    {
        using var request = new HttpRequestMessage(method, new Uri(host.Endpoint.Gateway, $"/admin/{path}")) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return await _client.SendAsync(request);
    }
}
