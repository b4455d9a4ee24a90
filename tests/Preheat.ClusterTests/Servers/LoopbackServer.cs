using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Preheat.ClusterTests.Servers;

/// <summary>An API server with its etcd on this machine's loopback, with an authority of their own, and whatever else a subclass starts.</summary>
internal abstract class LoopbackServer : TestedServer
{
    protected const string Host = "127.0.0.1";
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    private static int _ports;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("preheat-control-plane-");
    private readonly List<ServerProcess> _processes = [];

    protected LoopbackServer() => Authority = new Authority(Folder);

    public override string Kubeconfig => Path.Combine(Folder, "kubeconfig");

    public override Uri Address => new($"https://{Host}:{Port}/");

    public override string AuthorityFile => Authority.CertificateFile;

    protected string Folder => _folder.FullName;

    protected Authority Authority { get; }

    protected Uri Etcd { get; } = new($"http://{Host}:{FreePort()}/");

    /// <summary>The API server's port.</summary>
    protected int Port { get; } = FreePort();

    public override async Task ForgetHistoryAsync()
    {
        using var http = new HttpClient { BaseAddress = Etcd };
        using var any = new StringContent("""{"key":"AA=="}""", new MediaTypeHeaderValue("application/json"));
        var head = JsonNode.Parse(await (await http.PostAsync("v3/kv/range", any)).Content.ReadAsStringAsync())!["header"]!["revision"]!.GetValue<string>();
        using var compaction = new StringContent($$"""{"revision":"{{head}}"}""", new MediaTypeHeaderValue("application/json"));
        (await http.PostAsync("v3/kv/compaction", compaction)).EnsureSuccessStatusCode();
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(_processes))
            await process.DisposeAsync();
        Authority.Dispose();
        _folder.Delete(recursive: true);
    }

    protected ServerProcess Start(string program, params string[] arguments)
    {
        var process = ServerProcess.Start(program, Folder, arguments);
        _processes.Add(process);
        return process;
    }

    /// <summary>Ends one of the programs before the others.</summary>
    protected async Task StopAsync(ServerProcess process)
    {
        _processes.Remove(process);
        await process.DisposeAsync();
    }

    protected void StartEtcd(string program)
    {
        var peer = $"http://{Host}:{FreePort()}";
        var client = Etcd.AbsoluteUri.TrimEnd('/');
        Start(
            program, "--data-dir", "etcd", "--listen-client-urls", client, "--advertise-client-urls", client,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default=" + peer);
    }

    /// <summary>Writes the file of static tokens (kube-apiserver's <c>--token-auth-file</c>).</summary>
    protected string WriteTokens(string guestGroups = "")
    {
        var tokens = Path.Combine(Folder, "tokens.csv");
        File.WriteAllText(tokens, $"{AdminToken},token-admin,1,system:masters\n{GuestToken},guest,2,\"{guestGroups}\"\n");
        return tokens;
    }

    protected void WriteKubeconfig()
    {
        var (certificate, key) = Authority.Issue("admin", "system:masters");
        var text = new StringBuilder($"""
            apiVersion: v1
            kind: Config
            current-context: {Admin}
            clusters:
            - name: tested
              cluster:
                server: {Address}
                certificate-authority: {Authority.CertificateFile}
            users:
            - name: {Admin}
              user:
                client-certificate: {certificate}
                client-key: {key}
            - name: {Token}
              user:
                token: {AdminToken}
            - name: {Guest}
              user:
                token: {GuestToken}
            contexts:

            """);
        foreach (var user in new[] { Admin, Token, Guest })
            text.Append($"- name: {user}\n  context:\n    cluster: tested\n    user: {user}\n");
        File.WriteAllText(Kubeconfig, text.ToString());
    }

    /// <summary>Starts a controller manager or scheduler as the cluster's administrator.</summary>
    protected void StartController(string program, params ReadOnlySpan<string> arguments) =>
        Start(program, ["--kubeconfig=" + Kubeconfig, "--leader-elect=false", "--bind-address=" + Host, $"--secure-port={FreePort()}", "--cert-dir=certs", .. WithoutFixedPort(program), .. arguments]);

    // Before 1.24 these programs listen at a fixed port too, which only one of them can have.
    private static string[] WithoutFixedPort(string program) => MinorOf(program) < 24 ? ["--port=0"] : [];

    /// <summary>What follows the dot of the version that a program of Kubernetes says it is; int.MaxValue where it says none.</summary>
    protected static int MinorOf(string program)
    {
        using var asked = Process.Start(new ProcessStartInfo(program, ["--version"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var minor = asked.StandardOutput.ReadToEnd().Split('.').ElementAtOrDefault(1);
        asked.WaitForExit();
        return int.TryParse(minor, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : int.MaxValue;
    }

    protected async Task ReadyAsync(string path)
    {
        using var http = Connect();
        using var limit = new CancellationTokenSource(StartLimit);
        while (true)
        {
            try
            {
                if ((await http.GetAsync(path, limit.Token)).IsSuccess)
                    return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }
            catch (OperationCanceledException exception)
            {
                throw new TimeoutException($"The control plane is not ready after {StartLimit}:\n{string.Join('\n', _processes.Select(process => $"== {process.Program}\n{process.Tail}"))}", exception);
            }
            await Task.Delay(200);
        }
    }

    // Below the range that a system takes the ports of outgoing connections from: one of those might take the port before the program that it is meant for.
    protected static int FreePort()
    {
        while (true)
        {
            var port = 20_000 + ((Environment.ProcessId + (Interlocked.Increment(ref _ports) * 7)) % 12_000);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it; the next one.
            }
        }
    }
}
