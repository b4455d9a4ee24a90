using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

[Collection(SharedCluster.Name)]
public sealed class QuotaTests(TestCluster cluster)
{
    [Fact]
    public async Task A_pod_beyond_the_quota_is_refused_with_the_numbers()
    {
        var ns = await cluster.NamespaceAsync();
        (await cluster.PostAsync($"api/v1/{ns}resourcequotas", Quota("""{"requests.nvidia.com/gpu":"1","pods":"5"}"""))).Code.ShouldBe(201);
        (await cluster.PostAsync($"api/v1/{ns}pods", Pod("a", "1"))).Code.ShouldBe(201);
        var (code, status) = await cluster.PostAsync($"api/v1/{ns}pods", Pod("b", "1"));
        (code, status.Text("reason"), status.Text("message")).ShouldBe((403, "Forbidden",
            "pods \"b\" is forbidden: exceeded quota: gpu, requested: requests.nvidia.com/gpu=1, used: requests.nvidia.com/gpu=1, limited: requests.nvidia.com/gpu=1"));
        (await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("c"))).Code.ShouldBe(201, "it asks for no GPU");
        var used = await cluster.WaitAsync($"api/v1/{ns}resourcequotas/gpu", body => body.Text("status", "used", "pods") == "2");
        (used.Text("status", "used", "requests.nvidia.com/gpu"), used.Text("status", "hard", "pods")).ShouldBe(("1", "5"));

        await cluster.DeleteAsync($"api/v1/{ns}pods/a?gracePeriodSeconds=0");
        await cluster.WaitGoneAsync($"api/v1/{ns}pods/a");
        (await cluster.PostAsync($"api/v1/{ns}pods", Pod("b", "1"))).Code.ShouldBe(201);
    }

    [Fact]
    public async Task A_quota_on_memory_wants_every_container_to_name_it()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}resourcequotas", Quota("""{"requests.memory":"2Gi"}"""));
        (await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("a"))).Body.Text("message").ShouldBe("pods \"a\" is forbidden: failed quota: gpu: must specify requests.memory for: server");
        var (_, status) = await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("a", spec => spec.Server()["resources"] = JsonNode.Parse("""{"requests":{"memory":"3Gi"}}""")));
        status.Text("message").ShouldBe("pods \"a\" is forbidden: exceeded quota: gpu, requested: requests.memory=3Gi, used: requests.memory=0, limited: requests.memory=2Gi");
    }

    [Fact]
    public async Task A_deployment_says_that_its_pods_were_refused()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}resourcequotas", Quota("""{"pods":"0"}"""));
        await cluster.PostAsync($"apis/apps/v1/{ns}deployments", Samples.Deployment("web"));
        var deployment = await cluster.WaitAsync($"apis/apps/v1/{ns}deployments/web", body => body.Condition("ReplicaFailure").Text("status") == "True");
        deployment.Condition("ReplicaFailure").Text("reason").ShouldBe("FailedCreate");
        deployment.Condition("ReplicaFailure").Text("message")!.ShouldEndWith("is forbidden: exceeded quota: gpu, requested: pods=1, used: pods=0, limited: pods=0");
        var events = (await cluster.GetAsync($"api/v1/{ns}events")).Body.Objects("items").Where(item => item.Text("reason") == "FailedCreate").ToList();
        events.Select(item => item.Text("involvedObject", "kind")).ShouldAllBe(kind => kind == "ReplicaSet");
        events[0].Text("message")!.ShouldStartWith("Error creating: pods \"web-");

        // Room comes, and the set tries again.
        await cluster.MergeAsync($"api/v1/{ns}resourcequotas/gpu", """{"spec":{"hard":{"pods":"1"}}}""");
        var ready = await cluster.WaitAsync($"apis/apps/v1/{ns}deployments/web", body => body.Number("status", "readyReplicas") == 1);
        ready.Condition("ReplicaFailure").ShouldBeNull();
    }

    private static JsonObject Quota(string hard) => new()
    {
        ["apiVersion"] = "v1", ["kind"] = "ResourceQuota", ["metadata"] = new JsonObject { ["name"] = "gpu" }, ["spec"] = new JsonObject { ["hard"] = JsonNode.Parse(hard) },
    };

    private static JsonObject Pod(string name, string gpus) => Samples.Pod(name, spec =>
    {
        spec.Server()["resources"] = new JsonObject { ["limits"] = new JsonObject { ["nvidia.com/gpu"] = gpus } };
        spec["nodeSelector"] = new JsonObject { ["cloud.google.com/gke-accelerator"] = "nvidia-l4" };
    });
}
