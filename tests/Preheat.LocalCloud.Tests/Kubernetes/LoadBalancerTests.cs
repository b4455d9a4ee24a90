using System.Net.Sockets;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

[Collection(SharedCluster.Name)]
public sealed class LoadBalancerTests(TestCluster cluster)
{
    [Fact]
    public async Task A_load_balancer_gets_an_address_that_reaches_the_pods()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"apis/apps/v1/{ns}deployments", Samples.Deployment("web"));
        await cluster.PostAsync($"api/v1/{ns}services", Service(18000));
        var address = await AddressAsync(ns);
        await cluster.WaitAsync($"api/v1/{ns}endpoints/web", body => body.Objects("subsets").FirstOrDefault().Objects("addresses").Any());
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        (await client.GetStringAsync($"http://{address}:18000/who?x=1")).ShouldEndWith("GET /who?x=1");
        var events = (await cluster.GetAsync($"api/v1/{ns}events?fieldSelector=involvedObject.kind%3DService")).Body.Objects("items").Select(item => item.Text("reason")).ToList();
        events.ShouldBe(["EnsuringLoadBalancer", "EnsuredLoadBalancer"], ignoreOrder: true);

        // As a cluster address it is not reached from here any more.
        await cluster.MergeAsync($"api/v1/{ns}services/web", """{"spec":{"type":"ClusterIP","externalTrafficPolicy":null,"allocateLoadBalancerNodePorts":null}}""");
        var plain = await cluster.WaitAsync($"api/v1/{ns}services/web", body => body.At("status", "loadBalancer", "ingress") is null);
        plain.Text("spec", "type").ShouldBe("ClusterIP");
        using var closed = new TcpClient();
        await Should.ThrowAsync<SocketException>(() => closed.ConnectAsync(address, 18000));
    }

    [Fact]
    public async Task Two_load_balancers_may_have_the_same_port()
    {
        var (first, second) = (await cluster.NamespaceAsync(), await cluster.NamespaceAsync());
        await cluster.PostAsync($"api/v1/{first}services", Service(18001));
        await cluster.PostAsync($"api/v1/{second}services", Service(18001));
        (await AddressAsync(first)).ShouldNotBe(await AddressAsync(second));
    }

    private static JsonObject Service(int port)
    {
        var service = Samples.Service("web", "web");
        service["spec"]!["type"] = "LoadBalancer";
        service["spec"]!["ports"]![0]!["port"] = port;
        return service;
    }

    private async Task<string> AddressAsync(string ns) =>
        (await cluster.WaitAsync($"api/v1/{ns}services/web", body => body.Objects("status", "loadBalancer", "ingress").Any())).Objects("status", "loadBalancer", "ingress").Single().Text("ip")!;
}
