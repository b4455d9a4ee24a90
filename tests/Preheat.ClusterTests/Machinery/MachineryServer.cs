using Preheat.ClusterTests.Servers;

namespace Preheat.ClusterTests.Machinery;

/// <summary>The server of <c>tests/ApiServer</c> on the present API machinery, with etcd. Its guest may do everything inside one namespace, and nothing elsewhere.</summary>
internal sealed class MachineryServer : LoopbackServer
{
    /// <summary>Environment variable with the folder of <c>apiserver</c> and <c>etcd</c>.</summary>
    public const string FolderVariable = "PREHEAT_API_MACHINERY";

    /// <summary>The namespace that the guest has rights in.</summary>
    public const string GuestPlace = "guests";

    private readonly string _program;
    private readonly string[] _arguments;
    private ServerProcess _server;

    private MachineryServer(string programs)
    {
        _program = Path.Combine(programs, "apiserver");
        StartEtcd(Path.Combine(programs, "etcd"));
        WriteKubeconfig();
        var (certificate, key) = Authority.Issue("apiserver", organization: null);
        _arguments =
        [
            "--etcd", Etcd.AbsoluteUri, "--tokens", WriteTokens("edit:" + GuestPlace), "--client-ca", Authority.CertificateFile, "--certificate", certificate, "--key", key,
            "--port", $"{Port}",
        ];
        _server = Start(_program, _arguments);
    }

    /// <param name="controllers">Folder of kube-controller-manager, to start the controllers that get along with the kinds of this server; null for none.</param>
    public static async Task<MachineryServer> StartAsync(string? controllers)
    {
        var programs = Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } folder ? folder
            : throw new InvalidOperationException($"These tests need an API server: run them with ./build.sh ClusterTest, or set {FolderVariable} to what it built.");
        var server = new MachineryServer(programs);
        try
        {
            await server.ReadyAsync("/readyz");
            if (controllers is not null)
                server.StartController(Path.Combine(controllers, "kube-controller-manager"), "--controllers=deployment,replicaset,garbagecollector,endpoint");
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public override int Minor => 36;

    public override async Task RestartAsync(TimeSpan away)
    {
        await StopAsync(_server);
        await Task.Delay(away);
        await ForgetHistoryAsync();
        _server = Start(_program, _arguments);
        await ReadyAsync("/readyz");
    }
}
