using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

public sealed class PersistenceTests
{
    [Fact]
    public async Task A_restart_brings_objects_and_pods_back_under_the_same_token()
    {
        var cluster = new TestCluster();
        await cluster.InitializeAsync();
        try
        {
            await cluster.PostAsync("apis/apps/v1/namespaces/default/deployments", Samples.Deployment("web"));
            await cluster.PostAsync("api/v1/namespaces/default/services", Samples.Service("web", "web"));
            await cluster.WaitAsync("apis/apps/v1/namespaces/default/deployments/web", body => body.Number("status", "availableReplicas") == 1);
            var before = (await cluster.GetAsync("api/v1/namespaces/default/pods")).Body.Objects("items").Single();
            var token = cluster.Client.DefaultRequestHeaders.Authorization;

            // The last line of the journal is cut short, as by a crash in the middle of a write.
            var journal = Path.Combine(cluster.StateDirectory, "kubernetes", "objects", "journal.jsonl");
            await cluster.RestartAsync(() => File.AppendAllText(journal, """{"apiVersion":"v1","kind":"Pod","names"""));

            cluster.Client.DefaultRequestHeaders.Authorization.ShouldBe(token);
            var pod = await cluster.WaitAsync($"api/v1/namespaces/default/pods/{before.Text("metadata", "name")}", body =>
                body.Condition("Ready").Text("status") == "True" && body.Objects("status", "containerStatuses").Single().Number("restartCount") == 1);
            pod.Text("metadata", "uid").ShouldBe(before.Text("metadata", "uid"));
            pod.Objects("status", "containerStatuses").Single().Text("lastState", "terminated", "reason").ShouldBe("Unknown");
            long.Parse(pod.Text("metadata", "resourceVersion")!).ShouldBeGreaterThan(long.Parse(before.Text("metadata", "resourceVersion")!));
            await cluster.WaitAsync("api/v1/namespaces/default/endpoints/web", body => body.Objects("subsets").FirstOrDefault().Objects("addresses").Any());
            (await cluster.Client.GetStringAsync("api/v1/namespaces/default/services/web/proxy/x")).ShouldEndWith("GET /x");
            new FileInfo(journal).UnixFileMode.ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        finally
        {
            await cluster.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_node_that_stays_empty_goes()
    {
        var cluster = new TestCluster(timeScale: 20_000);
        await cluster.InitializeAsync();
        try
        {
            await cluster.PostAsync("api/v1/namespaces/default/pods", Samples.Pod("a"));
            await cluster.WaitAsync("api/v1/namespaces/default/pods/a", body => body.Condition("Ready").Text("status") == "True");
            (await cluster.GetAsync("api/v1/nodes")).Body.Items("items")!.Count.ShouldBe(1);
            await cluster.DeleteAsync("api/v1/namespaces/default/pods/a");
            await cluster.WaitAsync("api/v1/nodes", body => body.Items("items")!.Count == 0);
        }
        finally
        {
            await cluster.DisposeAsync();
        }
    }
}
