using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

/// <summary>More pods than a node or an EndpointSlice holds; a cluster of its own, since they are many.</summary>
public sealed class ManyPodsTests : IAsyncLifetime
{
    private const int Pods = 250;

    private readonly TestCluster cluster = new();

    public Task InitializeAsync() => cluster.InitializeAsync();

    public Task DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task Fill_several_nodes_and_several_slices()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}services", Samples.Service("web", "web"));
        await cluster.PostAsync($"apis/apps/v1/{ns}deployments", Samples.Deployment("web", Pods, spec =>
        {
            spec.Server()["command"] = new JsonArray("idle");
            spec.Server().Remove("readinessProbe");
        }));
        await cluster.WaitAsync($"apis/apps/v1/{ns}deployments/web", body => body.Number("status", "availableReplicas") == Pods);

        var pods = (await cluster.GetAsync($"api/v1/{ns}pods?limit=1000")).Body.Objects("items").ToList();
        var byNode = pods.CountBy(pod => pod.Text("spec", "nodeName")!).ToList();
        byNode.Count.ShouldBeGreaterThan(2);
        byNode.Max(node => node.Value).ShouldBe(110);

        var slices = (await cluster.WaitAsync($"apis/discovery.k8s.io/v1/{ns}endpointslices", body => Endpoints(body).Count(endpoint => endpoint.Flag("conditions", "ready")) == Pods)).Objects("items").ToList();
        slices.Count.ShouldBe(3);
        slices.Max(slice => slice.Objects("endpoints").Count()).ShouldBe(100);
        var gone = slices[1].Objects("endpoints").First().Text("targetRef", "name")!;
        await cluster.DeleteAsync($"api/v1/{ns}pods/{gone}");
        var after = await cluster.WaitAsync($"apis/discovery.k8s.io/v1/{ns}endpointslices",
            body => Endpoints(body).Count(endpoint => endpoint.Flag("conditions", "ready")) == Pods && Endpoints(body).All(endpoint => endpoint.Text("targetRef", "name") != gone));

        // A pod stays in its slice: at most those changed that lost one or took its successor in.
        after.Objects("items").Zip(slices).Count(pair => !KubeJson.Same(pair.First["endpoints"], pair.Second["endpoints"])).ShouldBeInRange(1, 2);
        (await cluster.GetAsync($"api/v1/{ns}endpoints/web")).Body.Objects("subsets").Single().Objects("addresses").Count().ShouldBe(Pods);
    }

    private static List<JsonObject> Endpoints(JsonNode list) => [.. list.Objects("items").SelectMany(slice => slice.Objects("endpoints"))];
}
