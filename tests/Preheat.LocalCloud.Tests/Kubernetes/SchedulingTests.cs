using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

/// <summary>A cluster of its own: the messages count its nodes.</summary>
public sealed class SchedulingTests : IAsyncLifetime
{
    private readonly TestCluster cluster = new();

    public Task InitializeAsync() => cluster.InitializeAsync();

    public Task DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task Says_why_no_node_fits_in_the_words_of_the_scheduler()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}pods", Gpu("first"));
        await ScheduledAsync(ns, "first");
        (await MessagesAsync(ns, "first", "FailedScheduling")).ShouldBe(["no nodes available to schedule pods"]);

        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("plain"));
        await ScheduledAsync(ns, "plain");
        (await MessagesAsync(ns, "plain", "FailedScheduling")).ShouldBe(
            ["0/1 nodes are available: 1 node(s) had untolerated taint {nvidia.com/gpu: present}. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."]);

        await cluster.PostAsync($"api/v1/{ns}pods", Gpu("second"));
        await ScheduledAsync(ns, "second");
        (await MessagesAsync(ns, "second", "FailedScheduling")).ShouldBe(
            ["0/2 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) didn't match Pod's node affinity/selector. "
                + "preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling."]);

        await cluster.PostAsync($"api/v1/{ns}pods", Gpu("lost", product: "nvidia-imaginary"));
        await cluster.WaitAsync($"api/v1/{ns}pods/lost", body => body.Condition("PodScheduled").Text("reason") == "Unschedulable");
        (await MessagesAsync(ns, "lost", "NotTriggerScaleUp")).ShouldBe(["pod didn't trigger scale-up: 1 node(s) didn't match Pod's node affinity/selector"]);
    }

    [Fact]
    public async Task A_zone_without_machines_is_told_to_the_pod_and_asked_again()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync("api/v1/namespaces/kube-system/configmaps", Samples.ConfigMap("preheat-capacity", "nvidia-l4", "0"));
        await cluster.PostAsync($"api/v1/{ns}pods", Gpu("a"));
        const string Stockout = "Node scale up in zones local-a associated with this pod failed: GCE out of resources. Pod is at risk of not being scheduled.";
        await cluster.WaitAsync($"api/v1/{ns}events", body => body.Objects("items").Any(item => item.Text("reason") == "FailedScaleUp" && item.Text("message") == Stockout));
        (await cluster.GetAsync($"api/v1/{ns}pods/a")).Body.Text("status", "phase").ShouldBe("Pending");
        await cluster.MergeAsync("api/v1/namespaces/kube-system/configmaps/preheat-capacity", """{"data":{"nvidia-l4":"1"}}""");
        await ScheduledAsync(ns, "a");

        // One is all there is.
        await cluster.MergeAsync("api/v1/namespaces/kube-system/configmaps/preheat-capacity", """{"data":{"reason":"GCE quota exceeded"}}""");
        await cluster.PostAsync($"api/v1/{ns}pods", Gpu("b"));
        await cluster.WaitAsync($"api/v1/{ns}events", body => body.Objects("items").Any(item => item.Text("involvedObject", "name") == "b" && item.Text("message")!.Contains("GCE quota exceeded")));
    }

    [Fact]
    public async Task A_ComputeClass_falls_back_to_the_next_machine_when_one_cannot_be_had()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}pods", Classed("early", "l4"));
        await cluster.WaitAsync($"api/v1/{ns}pods/early", body => body.Condition("PodScheduled").Text("reason") == "Unschedulable");
        (await MessagesAsync(ns, "early", "NotTriggerScaleUp")).ShouldBe(["pod didn't trigger scale-up: 1 node(s) didn't match Pod's node affinity/selector"]);

        await cluster.PostAsync("apis/cloud.google.com/v1/computeclasses", (JsonObject)JsonNode.Parse("""
            {
              "apiVersion": "cloud.google.com/v1", "kind": "ComputeClass", "metadata": { "name": "l4" },
              "spec": {
                "nodePoolAutoCreation": { "enabled": true }, "whenUnsatisfiable": "DoNotScaleUp",
                "priorities": [{ "gpu": { "type": "nvidia-l4", "count": 1 }, "spot": true }, { "gpu": { "type": "nvidia-l4", "count": 1 }, "spot": false }]
              }
            }
            """)!);
        await ScheduledAsync(ns, "early");
        await cluster.PostAsync($"api/v1/{ns}pods", Classed("first", "l4"));
        (await NodeAsync("first")).ShouldBe("l4 spot: nvidia.com/gpu cloud.google.com/gke-spot cloud.google.com/compute-class");

        // There are no more Spot machines; on-demand ones are to be had.
        await cluster.PostAsync("api/v1/namespaces/kube-system/configmaps", Samples.ConfigMap("preheat-capacity", "nvidia-l4-spot", "1"));
        await cluster.PostAsync($"api/v1/{ns}pods", Classed("second", "l4"));
        (await NodeAsync("second")).ShouldBe("l4 on demand: nvidia.com/gpu cloud.google.com/compute-class");
        (await MessagesAsync(ns, "second", "FailedScaleUp")).ShouldHaveSingleItem()!.ShouldContain("GCE out of resources");

        async Task<string> NodeAsync(string pod)
        {
            var node = (await cluster.GetAsync($"api/v1/nodes/{(await ScheduledAsync(ns, pod)).Text("spec", "nodeName")}")).Body;
            var labels = node.StringMap("metadata", "labels");
            return $"{labels["cloud.google.com/compute-class"]} {(labels.ContainsKey("cloud.google.com/gke-spot") ? "spot" : "on demand")}: {string.Join(' ', node.Objects("spec", "taints").Select(taint => taint.Text("key")))}";
        }

        static JsonObject Classed(string name, string group) => Samples.Pod(name, spec =>
        {
            spec["nodeSelector"] = new JsonObject { ["cloud.google.com/compute-class"] = group };
            spec["tolerations"] = new JsonArray(new JsonObject { ["key"] = "cloud.google.com/gke-spot", ["operator"] = "Exists" });
            spec["containers"]![0]!["resources"] = new JsonObject { ["limits"] = new JsonObject { ["nvidia.com/gpu"] = "1" } };
        });
    }

    [Fact]
    public async Task Gpu_and_spot_nodes_are_tainted_and_the_pods_that_ask_for_them_tolerate_it()
    {
        var ns = await cluster.NamespaceAsync();
        var (_, made) = await cluster.PostAsync($"api/v1/{ns}pods", Gpu("spot", spot: true));
        made.Objects("spec", "tolerations").Select(item => $"{item.Text("key")} {item.Text("operator")} {item.Text("effect")}").ShouldBe(
            ["nvidia.com/gpu Exists NoSchedule", "cloud.google.com/gke-spot Equal NoSchedule", "node.kubernetes.io/not-ready Exists NoExecute", "node.kubernetes.io/unreachable Exists NoExecute"]);
        var node = (await cluster.GetAsync($"api/v1/nodes/{(await ScheduledAsync(ns, "spot")).Text("spec", "nodeName")}")).Body;
        node.Objects("spec", "taints").Select(taint => $"{taint.Text("key")}={taint.Text("value")}:{taint.Text("effect")}").ShouldBe(["nvidia.com/gpu=present:NoSchedule", "cloud.google.com/gke-spot=true:NoSchedule"]);

        await cluster.DeleteAsync($"api/v1/{ns}pods/spot");
        await cluster.WaitGoneAsync($"api/v1/{ns}pods/spot");
        await cluster.PostAsync($"api/v1/{ns}pods", Gpu("firm"));
        await ScheduledAsync(ns, "firm");
        (await MessagesAsync(ns, "firm", "FailedScheduling")).ShouldBe(
            ["0/1 nodes are available: 1 node(s) had untolerated taint {cloud.google.com/gke-spot: true}. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."]);
    }

    [Fact]
    public async Task A_required_node_affinity_binds_like_a_selector()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("away", spec => spec["affinity"] = Zone("NotIn")));
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("here", spec => spec["affinity"] = Zone("In")));
        await ScheduledAsync(ns, "here");
        (await cluster.GetAsync($"api/v1/{ns}pods/away")).Body.Text("spec", "nodeName").ShouldBeNull();

        static JsonNode Zone(string how) => JsonNode.Parse($$$$"""
            {"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
              {"matchExpressions":[{"key":"topology.kubernetes.io/zone","operator":"{{{{how}}}}","values":["local-a"]}]}]}}}
            """)!;
    }

    private static JsonObject Gpu(string name, string product = "nvidia-l4", bool spot = false) => Samples.Pod(name, spec =>
    {
        spec.Server()["resources"] = JsonNode.Parse("""{"limits":{"nvidia.com/gpu":1}}""");
        var selector = new JsonObject { ["cloud.google.com/gke-accelerator"] = product };
        if (spot)
        {
            selector["cloud.google.com/gke-spot"] = "true";
        }

        spec["nodeSelector"] = selector;
    });

    private Task<JsonNode> ScheduledAsync(string ns, string name) => cluster.WaitAsync($"api/v1/{ns}pods/{name}", body => body.Text("spec", "nodeName") is not null);

    private async Task<List<string?>> MessagesAsync(string ns, string name, string reason)
    {
        var path = $"api/v1/{ns}events?fieldSelector=involvedObject.name%3D{name},reason%3D{reason}";
        return [.. (await cluster.WaitAsync(path, body => body.Objects("items").Any())).Objects("items").Select(item => item.Text("message"))];
    }
}
