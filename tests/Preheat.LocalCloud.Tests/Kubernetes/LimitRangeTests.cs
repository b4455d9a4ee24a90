using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

[Collection(SharedCluster.Name)]
public sealed class LimitRangeTests(TestCluster cluster)
{
    [Fact]
    public async Task A_container_gets_what_it_leaves_open()
    {
        var ns = await WithLimitsAsync("""{"type":"Container","default":{"cpu":"2","memory":"1Gi"},"defaultRequest":{"cpu":"500m"}}""");
        var pod = (await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("p"))).Body;
        Resources(pod).ToJsonString().ShouldBe("""{"requests":{"cpu":"500m","memory":"1Gi"},"limits":{"cpu":"2","memory":"1Gi"}}""");
        pod.Text("metadata", "annotations", "kubernetes.io/limit-ranger").ShouldBe("LimitRanger plugin set: cpu, memory request for container server; cpu, memory limit for container server");

        var own = (await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("own", spec => spec.Server()["resources"] = JsonNode.Parse("""{"limits":{"cpu":"100m","memory":"2Mi"}}""")))).Body;
        KubeJson.Same(Resources(own), JsonNode.Parse("""{"limits":{"cpu":"100m","memory":"2Mi"},"requests":{"cpu":"100m","memory":"2Mi"}}""")).ShouldBeTrue(own.ToJsonString());
    }

    [Theory]
    [InlineData("Container", """{"min":{"cpu":"100m"}}""", """{"requests":{"cpu":"50m"}}""", "minimum cpu usage per Container is 100m, but request is 50m")]
    [InlineData("Container", """{"max":{"memory":"1Gi"}}""", """{"limits":{"memory":"2Gi"}}""", "maximum memory usage per Container is 1Gi, but limit is 2Gi")]
    [InlineData("Container", """{"maxLimitRequestRatio":{"cpu":"2"}}""", """{"requests":{"cpu":"1"},"limits":{"cpu":"3"}}""", "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000")]
    [InlineData("Pod", """{"max":{"cpu":"1"}}""", """{"requests":{"cpu":"500m"}}""", "maximum cpu usage per Pod is 1.  No limit is specified")]
    [InlineData("Pod", """{"min":{"memory":"1Gi"}}""", "{}", "minimum memory usage per Pod is 1Gi.  No request is specified")]
    public async Task A_pod_outside_the_bounds_is_refused(string type, string bounds, string resources, string message)
    {
        var item = (JsonObject)JsonNode.Parse(bounds)!;
        item["type"] = type;
        var ns = await WithLimitsAsync(item.ToJsonString());
        var (code, status) = await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("p", spec => spec.Server()["resources"] = JsonNode.Parse(resources)));
        (code, status.Text("message")).ShouldBe((403, $"pods \"p\" is forbidden: {message}"));
    }

    [Fact]
    public async Task A_replica_set_says_why_it_makes_no_pod()
    {
        var ns = await WithLimitsAsync("""{"type":"Container","max":{"cpu":"1"}}""");
        await cluster.PostAsync($"apis/apps/v1/{ns}deployments", Samples.Deployment("web", 1, spec => spec.Server()["resources"] = JsonNode.Parse("""{"limits":{"cpu":"2"}}""")));
        var deployment = await cluster.WaitAsync($"apis/apps/v1/{ns}deployments/web", body => body.Condition("ReplicaFailure").Text("status") == "True");
        deployment.Condition("ReplicaFailure").Text("message")!.ShouldEndWith("is forbidden: maximum cpu usage per Container is 1, but limit is 2");
    }

    [Fact]
    public async Task A_claim_outside_the_bounds_is_refused()
    {
        var ns = await WithLimitsAsync("""{"type":"PersistentVolumeClaim","max":{"storage":"5Gi"}}""");
        var (code, status) = await cluster.SendAsync(HttpMethod.Post, $"api/v1/{ns}persistentvolumeclaims",
            """{"metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"10Gi"}}}}""");
        (code, status.Text("message")).ShouldBe((403, "persistentvolumeclaims \"c\" is forbidden: maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 10Gi"));
    }

    [Theory]
    [InlineData("""{"type":"Container","min":{"cpu":"2"},"max":{"cpu":"1"}}""", "min value 2 is greater than max value 1")]
    [InlineData("""{"type":"Pod","default":{"cpu":"1"}}""", "may not be specified when `type` is 'Pod'")]
    [InlineData("""{"type":"PersistentVolumeClaim"}""", "either minimum or maximum storage value is required")]
    [InlineData("""{"type":"Container","default":{"cpu":"1"},"defaultRequest":{"cpu":"2"}}""", "default request value 2 is greater than default limit value 1")]
    public async Task A_range_that_contradicts_itself_is_refused(string item, string message)
    {
        var ns = await cluster.NamespaceAsync();
        var (code, status) = await cluster.SendAsync(HttpMethod.Post, $"api/v1/{ns}limitranges", $$"""{"metadata":{"name":"l"},"spec":{"limits":[{{item}}] } }""");
        code.ShouldBe(422);
        status.Text("message")!.ShouldContain(message);
    }

    private static JsonObject Resources(JsonNode pod) => pod.Objects("spec", "containers").Single().Map("resources")!;

    private async Task<string> WithLimitsAsync(string item)
    {
        var ns = await cluster.NamespaceAsync();
        (await cluster.SendAsync(HttpMethod.Post, $"api/v1/{ns}limitranges", $$"""{"metadata":{"name":"l"},"spec":{"limits":[{{item}}] } }""")).Code.ShouldBe(201);
        return ns;
    }
}
