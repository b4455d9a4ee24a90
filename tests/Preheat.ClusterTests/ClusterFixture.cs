using Preheat.ClusterTests.Nodes;
using Preheat.ClusterTests.Servers;
using Preheat.Kubernetes;

namespace Preheat.ClusterTests;

/// <summary>The server under test with its nodes, shared by all tests. Each test works in a namespace of its own.</summary>
public class ClusterFixture : IAsyncLifetime
{
    private NodeStandIn? _nodes;
    private int _places;

    internal TestedServer Server { get; private set; } = null!;

    internal RawApi Api { get; private set; } = null!;

    internal NodeStandIn Nodes => _nodes!;

    public virtual async Task InitializeAsync()
    {
        Server = await StartServerAsync();
        Api = Server.Connect();
        _nodes = await NodeStandIn.StartAsync(Api, nodes: 3, gpus: 64);
    }

    public virtual async Task DisposeAsync()
    {
        if (_nodes is not null)
            await _nodes.DisposeAsync();
        Api?.Dispose();
        if (Server is not null)
            await Server.DisposeAsync();
    }

    private protected virtual async Task<TestedServer> StartServerAsync() => await TestedServer.StartAsync();

    /// <summary>How our own code reaches the server.</summary>
    internal CloudEndpoints Endpoints(string context = TestedServer.Admin) => Server.Endpoints(context);

    /// <summary>The client under test.</summary>
    internal KubernetesClient Client(string context = TestedServer.Admin) => KubernetesClient.Connect(Endpoints(context), TimeProvider.System);

    /// <summary>A fresh namespace.</summary>
    internal async Task<string> PlaceAsync()
    {
        var name = $"place-{Interlocked.Increment(ref _places)}";
        (await Api.PostAsync("api/v1/namespaces", $$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{name}}}"}}""")).Object();
        return name;
    }
}

/// <summary>One server for all tests: starting one takes seconds.</summary>
[CollectionDefinition(Name)]
public sealed class ClusterCollection : ICollectionFixture<ClusterFixture>
{
    public const string Name = "cluster";
}
