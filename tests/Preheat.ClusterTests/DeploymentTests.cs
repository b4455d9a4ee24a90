namespace Preheat.ClusterTests;

/// <summary>Tests of one deployment each, in a namespace of its own.</summary>
public abstract class DeploymentTests(ClusterFixture cluster) : IAsyncLifetime
{
    private protected TestedDeployment _deployment = null!;

    protected ClusterFixture Cluster { get; } = cluster;

    public async Task InitializeAsync() => _deployment = await TestedDeployment.PlaceAsync(Cluster);

    public Task DisposeAsync()
    {
        _deployment.Dispose();
        return Task.CompletedTask;
    }
}
