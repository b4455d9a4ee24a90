namespace Preheat.ClusterTests.Servers;

/// <summary>etcd, kube-apiserver, kube-controller-manager and kube-scheduler, with RBAC.</summary>
internal sealed class ControlPlane : LoopbackServer
{
    private readonly string _apiServer;
    private ServerProcess? _running;

    private ControlPlane(string binaries)
    {
        _apiServer = Path.Combine(binaries, "kube-apiserver");
        Minor = MinorOf(_apiServer);
    }

    public override int Minor { get; }

    /// <param name="binaries">Folder of the three programs; etcd is taken from there or from the path.</param>
    public static async Task<ControlPlane> StartAsync(string binaries)
    {
        var plane = new ControlPlane(binaries);
        try
        {
            plane.StartEtcd(File.Exists(Path.Combine(binaries, "etcd")) ? Path.Combine(binaries, "etcd") : "etcd");
            plane.WriteKubeconfig();
            plane.StartApiServer();
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

    public override async Task RestartAsync(TimeSpan away)
    {
        await StopAsync(_running!);
        await Task.Delay(away);
        await ForgetHistoryAsync();
        StartApiServer();
        await ReadyAsync("/readyz");
    }

    private void StartApiServer()
    {
        var (certificate, key) = Authority.Issue("kube-apiserver", organization: null);
        _running = Start(
            _apiServer, "--etcd-servers=" + Etcd.AbsoluteUri, "--bind-address=" + Host, $"--secure-port={Port}",
            "--tls-cert-file=" + certificate, "--tls-private-key-file=" + key, "--client-ca-file=" + Authority.CertificateFile,
            "--token-auth-file=" + WriteTokens(), "--authorization-mode=RBAC", "--cert-dir=certs",
            "--service-account-issuer=https://kubernetes.default.svc", "--service-account-signing-key-file=" + Authority.AccountKey, "--service-account-key-file=" + Authority.AccountKey,
            "--service-cluster-ip-range=10.0.0.0/16", "--etcd-compaction-interval=0",
            // The address of an endpoint of the service `kubernetes` may not be on loopback; nobody asks there.
            "--advertise-address=192.0.2.1");
    }

    private void StartControllers(string binaries)
    {
        StartController(
            Path.Combine(binaries, "kube-controller-manager"), "--use-service-account-credentials",
            "--service-account-private-key-file=" + Authority.AccountKey, "--root-ca-file=" + Authority.CertificateFile,
            // Without a metrics server the autoscaler would only fail.
            "--controllers=*,-cloud-node-lifecycle,-nodeipam");
        StartController(Path.Combine(binaries, "kube-scheduler"));
    }
}
