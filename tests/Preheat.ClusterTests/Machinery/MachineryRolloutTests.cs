using Preheat.ClusterTests.Servers;

namespace Preheat.ClusterTests.Machinery;

/// <summary>The API machinery of the present release under the controllers of the older control plane, which use it as any client does.</summary>
public sealed class MachineryClusterFixture : ClusterFixture
{
    private Binder? _binder;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        _binder = Binder.Start(Api, Nodes.Names);
    }

    public override async Task DisposeAsync()
    {
        if (_binder is not null)
            await _binder.DisposeAsync();
        await base.DisposeAsync();
    }

    private protected override async Task<TestedServer> StartServerAsync()
    {
        var server = await MachineryServer.StartAsync(
            Environment.GetEnvironmentVariable(TestedServer.BinariesVariable) ?? throw new InvalidOperationException($"These tests need a kube-controller-manager: run them with ./build.sh ClusterTest, or set {TestedServer.BinariesVariable}."));
        using var api = server.Connect();
        foreach (var name in new[] { "default", "kube-system", "kube-node-lease" })
            (await api.PostAsync("api/v1/namespaces", $$$"""{"metadata":{"name":"{{{name}}}"}}""")).Object();
        return server;
    }
}

[CollectionDefinition(Name)]
public sealed class MachineryClusterCollection : ICollectionFixture<MachineryClusterFixture>
{
    public const string Name = "machinery cluster";
}

/// <summary>The same roll-outs over the API machinery of the present release.</summary>
[Collection(MachineryClusterCollection.Name)]
public sealed class MachineryRolloutTests(MachineryClusterFixture cluster) : RolloutTests(cluster);
