using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Preheat.ClusterTests.Servers;

/// <summary>etcd, kube-apiserver, kube-controller-manager and kube-scheduler on this machine's loopback, with RBAC and an authority of their own.</summary>
internal sealed class ControlPlane : TestedServer
{
    private const string Host = "127.0.0.1";
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("preheat-control-plane-");
    private readonly List<ServerProcess> _processes = [];
    private readonly Authority _authority;
    private readonly Uri _etcd = new($"http://{Host}:{FreePort()}/");
    private readonly int _port = FreePort();

    private ControlPlane() => _authority = new Authority(_folder.FullName);

    public override string Kubeconfig => Path.Combine(_folder.FullName, "kubeconfig");

    public override Uri Address => new($"https://{Host}:{_port}/");

    public override string AuthorityFile => _authority.CertificateFile;

    /// <param name="binaries">Folder of the three programs; etcd is taken from there or from the path.</param>
    public static async Task<ControlPlane> StartAsync(string binaries)
    {
        var plane = new ControlPlane();
        try
        {
            plane.StartEtcd(File.Exists(Path.Combine(binaries, "etcd")) ? Path.Combine(binaries, "etcd") : "etcd");
            plane.WriteKubeconfig();
            plane.StartApiServer(Path.Combine(binaries, "kube-apiserver"));
            await plane.ReadyAsync("/readyz");
            plane.StartControllers(binaries);
            await plane.ReadyAsync("/api/v1/namespaces/default/serviceaccounts/default");
            return plane;
        }
        catch
        {
            await plane.DisposeAsync();
            throw;
        }
    }

    public override async Task ForgetHistoryAsync()
    {
        using var http = new HttpClient { BaseAddress = _etcd };
        using var any = new StringContent("""{"key":"AA=="}""", new MediaTypeHeaderValue("application/json"));
        var head = JsonNode.Parse(await (await http.PostAsync("v3/kv/range", any)).Content.ReadAsStringAsync())!["header"]!["revision"]!.GetValue<string>();
        using var compaction = new StringContent($$"""{"revision":"{{head}}"}""", new MediaTypeHeaderValue("application/json"));
        (await http.PostAsync("v3/kv/compaction", compaction)).EnsureSuccessStatusCode();
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(_processes))
            await process.DisposeAsync();
        _authority.Dispose();
        _folder.Delete(recursive: true);
    }

    private void Start(string program, params string[] arguments) => _processes.Add(ServerProcess.Start(program, _folder.FullName, arguments));

    private void StartEtcd(string program)
    {
        var peer = $"http://{Host}:{FreePort()}";
        var client = _etcd.AbsoluteUri.TrimEnd('/');
        Start(
            program, "--data-dir", "etcd", "--listen-client-urls", client, "--advertise-client-urls", client,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default=" + peer);
    }

    private void StartApiServer(string program)
    {
        var (certificate, key) = _authority.Issue("kube-apiserver", organization: null);
        var tokens = Path.Combine(_folder.FullName, "tokens.csv");
        File.WriteAllText(tokens, $"{AdminToken},token-admin,1,system:masters\n{GuestToken},guest,2,\n");
        Start(
            program, "--etcd-servers=" + _etcd.AbsoluteUri, "--bind-address=" + Host, $"--secure-port={_port}",
            "--tls-cert-file=" + certificate, "--tls-private-key-file=" + key, "--client-ca-file=" + _authority.CertificateFile,
            "--token-auth-file=" + tokens, "--authorization-mode=RBAC", "--cert-dir=certs",
            "--service-account-issuer=https://kubernetes.default.svc", "--service-account-signing-key-file=" + _authority.AccountKey, "--service-account-key-file=" + _authority.AccountKey,
            "--service-cluster-ip-range=10.0.0.0/16", "--etcd-compaction-interval=0",
            // The address of an endpoint of the service `kubernetes` may not be on loopback; nobody asks there.
            "--advertise-address=192.0.2.1");
    }

    private void StartControllers(string binaries)
    {
        Start(
            Path.Combine(binaries, "kube-controller-manager"), "--kubeconfig=" + Kubeconfig, "--leader-elect=false", "--use-service-account-credentials",
            "--service-account-private-key-file=" + _authority.AccountKey, "--root-ca-file=" + _authority.CertificateFile,
            "--bind-address=" + Host, $"--secure-port={FreePort()}", "--cert-dir=certs",
            // Without a metrics server the autoscaler would only fail.
            "--controllers=*,-cloud-node-lifecycle,-nodeipam");
        Start(
            Path.Combine(binaries, "kube-scheduler"), "--kubeconfig=" + Kubeconfig, "--leader-elect=false",
            "--bind-address=" + Host, $"--secure-port={FreePort()}", "--cert-dir=certs");
    }

    private void WriteKubeconfig()
    {
        var (certificate, key) = _authority.Issue("admin", "system:masters");
        var text = new StringBuilder($"""
            apiVersion: v1
            kind: Config
            current-context: {Admin}
            clusters:
            - name: tested
              cluster:
                server: {Address}
                certificate-authority: {_authority.CertificateFile}
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

    private async Task ReadyAsync(string path)
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

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
