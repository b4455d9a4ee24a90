namespace Preheat.ClusterTests.Servers;

/// <summary>An API server that the tests run against: where it is, and who may use it.</summary>
internal abstract class TestedServer : IAsyncDisposable
{
    /// <summary>Environment variable with the folder of a control plane's binaries.</summary>
    public const string BinariesVariable = "PREHEAT_CONTROL_PLANE";

    /// <summary>Has the contexts <see cref="Admin"/>, <see cref="Token"/> and <see cref="Guest"/>.</summary>
    public abstract string Kubeconfig { get; }

    public abstract Uri Address { get; }

    /// <summary>The version: 20 for Kubernetes 1.20.</summary>
    public abstract int Minor { get; }

    /// <summary>PEM file of the authority that the server's certificate comes from.</summary>
    public abstract string AuthorityFile { get; }

    /// <summary>Context of a user who may do everything, known by a client certificate.</summary>
    public const string Admin = "admin";

    /// <summary>Context of the same rights, known by a bearer token.</summary>
    public const string Token = "token";

    /// <summary>Context of the user <c>guest</c>, without any right but what a test binds.</summary>
    public const string Guest = "guest";

    protected const string AdminToken = "admin-token";
    protected const string GuestToken = "guest-token";

    /// <summary>How our own code reaches the server.</summary>
    public CloudEndpoints Endpoints(string context) => new() { Hub = new Uri("http://127.0.0.1:1/"), Kubeconfig = Kubeconfig, KubeContext = context };

    /// <summary>Requests of a user who may do everything.</summary>
    public RawApi Connect() => new(Address, AuthorityFile, AdminToken);

    /// <summary>The server that the environment names.</summary>
    public static async Task<ControlPlane> StartAsync() =>
        Environment.GetEnvironmentVariable(BinariesVariable) is { Length: > 0 } folder
            ? await ControlPlane.StartAsync(folder)
            : throw new InvalidOperationException($"These tests need an API server: run them with ./build.sh ClusterTest, or set {BinariesVariable} to a folder with kube-apiserver, kube-controller-manager and kube-scheduler.");

    /// <summary>Ends the API server and starts it again, with all that it and etcd remember of the past forgotten.</summary>
    public abstract Task RestartAsync(TimeSpan away);

    /// <summary>Drops everything that the server remembers of the past, so that older versions are answered with 410.</summary>
    public abstract Task ForgetHistoryAsync();

    public abstract ValueTask DisposeAsync();
}
