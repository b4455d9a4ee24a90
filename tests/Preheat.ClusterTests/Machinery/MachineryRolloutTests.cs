using Preheat.ClusterTests.Servers;
using Preheat.Kubernetes;

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

/// <summary>The same roll-outs over the API machinery of the present release, and what begins and ends with one.</summary>
[Collection(MachineryClusterCollection.Name)]
public sealed class MachineryRolloutTests(MachineryClusterFixture cluster) : RolloutTests(cluster)
{
    private readonly MachineryClusterFixture _cluster = cluster;

    [Fact]
    public async Task Shows_a_deployment_and_takes_it_away_with_all_that_it_owns()
    {
        using var deployment = await TestedDeployment.PlaceAsync(_cluster);
        await deployment.DeployAsync();
        var status = await ClusterStatus.GetAsync("gemma", deployment.Place, _cluster.Endpoints(), deployment.Rendering, TimeProvider.System, default);
        status.Objects.ShouldContain(row => row.Title == "Deployment/gemma" && row.IsReady);
        var plan = await ClusterTeardown.PlanAsync("gemma", deployment.Place, withShared: false, _cluster.Endpoints(), deployment.Rendering, TimeProvider.System, default);
        plan.Objects.Select(item => item.Title).Take(2).ShouldBe(["Service/gemma", "Deployment/gemma"]);
        await ClusterTeardown.RemoveAsync(plan, _cluster.Endpoints(), deployment.Rendering, TimeProvider.System, default);
        foreach (var plural in new[] { "services", "deployments", "replicasets", "pods" })
            (await _cluster.Api.GetAsync(deployment.PathOf(plural))).Object()["items"]!.AsArray().ShouldBeEmpty(plural);
    }

    [Fact]
    public async Task Deploys_with_rights_inside_one_namespace_alone()
    {
        (await _cluster.Api.PostAsync("api/v1/namespaces", $$$"""{"metadata":{"name":"{{{MachineryServer.GuestPlace}}}"}}""")).Object();
        using var deployment = await TestedDeployment.PlaceAsync(_cluster);
        deployment.Rendering.Deployment = deployment.Rendering.Deployment with { Namespace = MachineryServer.GuestPlace };
        deployment.Context = TestedServer.Guest;
        (await deployment.DeployAsync()).Endpoint.Kind.ShouldBe(EndpointKind.ServiceProxy);
        (await deployment.DiffAsync()).ShouldBe("");
        deployment.Warnings.ShouldBeEmpty();
    }
}
