using Preheat.Kubernetes;

namespace Preheat.Tests.Kubernetes;

public sealed class ClusterReceiptsTests : IAsyncLifetime
{
    private EmbeddedCluster _cluster = null!;

    public async Task InitializeAsync() => _cluster = await EmbeddedCluster.StartAsync();

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task Keeps_exactly_what_was_written_last()
    {
        (await Receipts("gemma").ReadAsync(default)).ShouldBeNull();
        await Receipts("gemma").WriteAsync(new Dictionary<string, string> { ["A.json"] = "{\"a\":1}", ["B.json"] = "{}" }, default);
        await Receipts("gemma").WriteAsync(new Dictionary<string, string> { ["A.json"] = "{\"a\":\"ä\"}" }, default);
        (await Receipts("gemma").ReadAsync(default)).ShouldBe(new Dictionary<string, string> { ["A.json"] = "{\"a\":\"ä\"}" });
        (await Receipts("other").ReadAsync(default)).ShouldBeNull();
    }

    [Fact]
    public async Task Goes_with_the_teardown_of_its_deployment_only()
    {
        foreach (var deployment in new[] { "gemma", "other" })
            await Receipts(deployment).WriteAsync(new Dictionary<string, string> { ["A.json"] = "{}" }, default);
        var plan = await ClusterTeardown.PlanAsync("gemma", inNamespace: null, withShared: false, _cluster.Endpoints, new RecordedEvents(), TimeProvider.System, default);
        plan.Objects.Select(item => item.Title).ShouldBe(["ConfigMap/preheat-gemma-receipts"]);
        await ClusterTeardown.RemoveAsync(plan, _cluster.Endpoints, new RecordedEvents(), TimeProvider.System, default);
        (await Receipts("gemma").ReadAsync(default)).ShouldBeNull();
        (await Receipts("other").ReadAsync(default)).ShouldNotBeNull();
    }

    private ClusterReceipts Receipts(string deployment) => new(deployment, "default", _cluster.Endpoints, TimeProvider.System);
}
