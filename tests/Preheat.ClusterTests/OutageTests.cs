using Preheat.ClusterTests.Nodes;
using Preheat.Kubernetes;

namespace Preheat.ClusterTests;

/// <summary>The API server goes away in the middle: an upgrade of the control plane.</summary>
[Collection(ClusterCollection.Name)]
public sealed class OutageTests(ClusterFixture cluster)
{
    // Longer than the requests are retried and than a lease lasts.
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(12);

    [Fact]
    public async Task Follows_a_watch_through_an_outage_after_which_the_past_is_forgotten()
    {
        var place = await cluster.PlaceAsync();
        var path = $"api/v1/namespaces/{place}/configmaps";
        await MakeAsync("kept");
        await MakeAsync("removed");
        using var client = cluster.Client();
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await using var watch = client.WatchAsync(KubernetesKind.ConfigMap, new(place, Labels: "test=x"), stop.Token).GetAsyncEnumerator();
        (await NextAsync()).ShouldBe("Added kept");
        (await NextAsync()).ShouldBe("Added removed");
        (await NextAsync()).ShouldBe("Synced ");
        var next = NextAsync();
        await cluster.Server.RestartAsync(Away);
        (await cluster.Api.DeleteAsync(path + "/removed")).Object();
        await MakeAsync("made");
        var changes = new List<string> { await next };
        while (!changes.Contains("Added made"))
            changes.Add(await NextAsync());
        changes.Where(change => change.Contains("removed", StringComparison.Ordinal)).ShouldBe(["Deleted removed"]);
        changes.ShouldNotContain("Added kept");

        async Task MakeAsync(string name) =>
            (await cluster.Api.PostAsync(path, $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}","labels":{"test":"x"} } }""")).Object();

        async Task<string> NextAsync()
        {
            (await watch.MoveNextAsync()).ShouldBeTrue();
            return $"{watch.Current.Change} {watch.Current.Object?.Name}";
        }
    }

    [Fact]
    public async Task Goes_on_with_a_roll_out_after_an_outage()
    {
        using var deployment = await TestedDeployment.PlaceAsync(cluster);
        await deployment.DeployAsync();
        deployment.UseImage('9', new PodPlay(PodFate.NeverReady));
        var deploy = deployment.DeployAsync();
        while (!deployment.States.Exists(state => state.EndsWith("started; loading, not ready yet", StringComparison.Ordinal) && deployment.States.Exists(told => told.Contains("1 new and 1 old", StringComparison.Ordinal))))
            await Task.Delay(50);
        await cluster.Server.RestartAsync(Away);
        deploy.IsCompleted.ShouldBeFalse();
        await cluster.Nodes.ReadyAsync(deployment.Place);
        (await deploy).Revision.ShouldBe("2");
    }
}
