using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes.Autoscaling;

[Collection(SharedCluster.Name)]
public sealed class ResourceMetricsTests(TestCluster cluster)
{
    private const string Metrics = "apis/metrics.k8s.io/v1beta1";

    [Fact]
    public async Task An_autoscaler_follows_the_processors_that_pods_use_of_what_they_request()
    {
        var (ns, name) = await DeployAsync("""{"requests":{"cpu":"1","memory":"512Mi"}}""");
        cluster.Runtime.Cpu[name] = 3;
        await cluster.PostAsync($"apis/autoscaling/v2/{ns}horizontalpodautoscalers", Autoscaler(name, """{"type":"Utilization","averageUtilization":100}"""));
        var path = $"apis/autoscaling/v2/{ns}horizontalpodautoscalers/{name}";
        var grown = await cluster.WaitAsync(path, body => body.Number("status", "currentReplicas") == 3 && body.Objects("status", "currentMetrics").FirstOrDefault().Number("resource", "current", "averageUtilization") is > 90 and < 110);
        grown.Condition("ScalingActive").Text("message").ShouldBe("the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)");
        grown.Objects("status", "currentMetrics").Single().Text("resource", "name").ShouldBe("cpu");
        (await cluster.GetAsync($"api/v1/{ns}events?fieldSelector=reason=SuccessfulRescale")).Body.Objects("items").Select(item => item.Text("message")!)
            .ShouldContain(message => message.EndsWith("reason: cpu resource utilization (percentage of request) above target"));
    }

    [Fact]
    public async Task An_autoscaler_without_requests_or_samples_says_so()
    {
        var (ns, name) = await DeployAsync("{}");
        await cluster.PostAsync($"apis/autoscaling/v2/{ns}horizontalpodautoscalers", Autoscaler(name, """{"type":"Utilization","averageUtilization":80}"""));
        var path = $"apis/autoscaling/v2/{ns}horizontalpodautoscalers/{name}";
        (await cluster.WaitAsync(path, body => body.Condition("ScalingActive").Text("reason") == "FailedGetResourceMetric")).Condition("ScalingActive").Text("message")!
            .ShouldEndWith("unable to get metrics for resource cpu: no metrics returned from resource metrics API");
        cluster.Runtime.Cpu[name] = 1;
        await cluster.WaitAsync(path, body => body.Condition("ScalingActive").Text("message")!.Contains($"failed to get cpu utilization: missing request for cpu in container server of Pod {name}-"));
    }

    [Fact]
    public async Task Pods_and_nodes_are_measured()
    {
        var (ns, name) = await DeployAsync("""{"requests":{"cpu":"1"}}""");
        cluster.Runtime.Cpu[name] = 2;
        var list = await cluster.WaitAsync($"{Metrics}/{ns}pods?labelSelector=app%3D{name}", body => body.Objects("items").Any());
        var container = list.Objects("items").Single().Objects("containers").Single();
        container.Text("name").ShouldBe("server");
        int.Parse(container.Text("usage", "cpu")!.TrimEnd('m')).ShouldBeInRange(1000, 2500);
        container.Text("usage", "memory").ShouldBe("262144Ki");
        var pod = (await cluster.GetAsync($"api/v1/{ns}pods?labelSelector=app%3D{name}")).Body.Objects("items").Single();
        (await cluster.GetAsync($"{Metrics}/{ns}pods/{pod.Text("metadata", "name")}")).Body.Text("kind").ShouldBe("PodMetrics");
        var node = await cluster.WaitAsync($"{Metrics}/nodes/{pod.Text("spec", "nodeName")}", body => body.Text("usage", "cpu") is { } cpu && int.Parse(cpu.TrimEnd('m')) >= 1000);
        node.Text("window").ShouldNotBeNull();
        (await cluster.GetAsync($"{Metrics}/{ns}pods/nobody")).Code.ShouldBe(404);
    }

    [Fact]
    public async Task The_metrics_groups_are_part_of_discovery_and_have_their_services()
    {
        string[] groups = ["custom.metrics.k8s.io", "external.metrics.k8s.io", "metrics.k8s.io"];
        var plain = (await cluster.GetAsync("apis")).Body.Objects("groups").Select(group => group.Text("name")).ToList();
        groups.ShouldBeSubsetOf(plain!);
        using var request = new HttpRequestMessage(HttpMethod.Get, "apis");
        request.Headers.TryAddWithoutValidation("Accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
        using var response = await cluster.Client.SendAsync(request);
        var aggregated = KubeJson.Parse(await response.Content.ReadAsByteArrayAsync());
        var own = aggregated.Objects("items").Single(item => item.Text("metadata", "name") == "metrics.k8s.io").Objects("versions").Single().Objects("resources").ToList();
        own.Select(item => (item.Text("resource"), item.Text("scope"))).ShouldBe([("nodes", "Cluster"), ("pods", "Namespaced")]);
        var services = (await cluster.GetAsync("apis/apiregistration.k8s.io/v1/apiservices")).Body.Objects("items").ToList();
        services.Select(item => item.Text("metadata", "name")).ShouldBe(["v1beta1.custom.metrics.k8s.io", "v1beta1.external.metrics.k8s.io", "v1beta1.metrics.k8s.io", "v1beta2.custom.metrics.k8s.io"]);
        services.Select(item => item.Condition("Available").Text("status")).ShouldAllBe(status => status == "True");
    }

    private async Task<(string Namespace, string Name)> DeployAsync(string resources)
    {
        var (ns, name) = (await cluster.NamespaceAsync(), $"r{Guid.NewGuid():N}"[..10]);
        await cluster.PostAsync($"apis/apps/v1/{ns}deployments", Samples.Deployment(name, 1, spec => spec.Server()["resources"] = JsonNode.Parse(resources)));
        await cluster.WaitAsync($"apis/apps/v1/{ns}deployments/{name}", body => body.Number("status", "readyReplicas") == 1);
        return (ns, name);
    }

    private static JsonObject Autoscaler(string name, string target) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = new JsonObject
        {
            ["scaleTargetRef"] = new JsonObject { ["apiVersion"] = "apps/v1", ["kind"] = "Deployment", ["name"] = name },
            ["maxReplicas"] = 4,
            ["metrics"] = new JsonArray(new JsonObject { ["type"] = "Resource", ["resource"] = new JsonObject { ["name"] = "cpu", ["target"] = JsonNode.Parse(target) } }),
        },
    };
}
