using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

[Collection(SharedCluster.Name)]
public sealed class DisruptionTests(TestCluster cluster)
{
    [Fact]
    public async Task A_budget_counts_its_pods_and_an_eviction_beyond_it_is_refused()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"apis/apps/v1/{ns}deployments", Samples.Deployment("web", replicas: 1));
        await cluster.PostAsync($"apis/policy/v1/{ns}poddisruptionbudgets", Budget("minAvailable", 1));
        var budget = await cluster.WaitAsync($"apis/policy/v1/{ns}poddisruptionbudgets/web", body => body.Number("status", "currentHealthy") == 1);
        (budget.Number("status", "desiredHealthy"), budget.Number("status", "expectedPods"), budget.Number("status", "disruptionsAllowed")).ShouldBe((1, 1, 0));
        budget.Condition("DisruptionAllowed").Text("reason").ShouldBe("InsufficientPods");

        var pod = await PodAsync(ns);
        var (code, status) = await EvictAsync(ns, pod);
        (code, status.Text("reason"), status.Text("message")).ShouldBe((429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget."));
        var cause = status.Objects("details", "causes").Single();
        (cause.Text("reason"), cause.Text("message")).ShouldBe(("DisruptionBudget", "The disruption budget web needs 1 healthy pods and has 1 currently"));

        // With a second pod there is room for one.
        await cluster.MergeAsync($"apis/apps/v1/{ns}deployments/web/scale", """{"spec":{"replicas":2}}""");
        await cluster.WaitAsync($"apis/policy/v1/{ns}poddisruptionbudgets/web", body => body.Number("status", "disruptionsAllowed") == 1);
        (await EvictAsync(ns, pod)).Code.ShouldBe(201);
        await cluster.WaitGoneAsync($"api/v1/{ns}pods/{pod}");
    }

    [Fact]
    public async Task A_budget_in_per_cent_is_of_the_replicas_that_are_asked_for()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"apis/apps/v1/{ns}deployments", Samples.Deployment("web", replicas: 3));
        await cluster.PostAsync($"apis/policy/v1/{ns}poddisruptionbudgets", Budget("maxUnavailable", "50%"));
        var budget = await cluster.WaitAsync($"apis/policy/v1/{ns}poddisruptionbudgets/web", body => body.Number("status", "currentHealthy") == 3);
        (budget.Number("status", "desiredHealthy"), budget.Number("status", "expectedPods"), budget.Number("status", "disruptionsAllowed")).ShouldBe((1, 3, 2));
    }

    [Fact]
    public async Task A_pod_without_a_budget_is_evicted()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("a"));
        (await EvictAsync(ns, "a")).Code.ShouldBe(201);
        await cluster.WaitGoneAsync($"api/v1/{ns}pods/a");
        (await EvictAsync(ns, "a")).Code.ShouldBe(404);
    }

    private static JsonObject Budget(string field, JsonNode value) => new()
    {
        ["apiVersion"] = "policy/v1",
        ["kind"] = "PodDisruptionBudget",
        ["metadata"] = new JsonObject { ["name"] = "web" },
        ["spec"] = new JsonObject { [field] = value, ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = "web" } } },
    };

    private Task<(int Code, JsonNode Body)> EvictAsync(string ns, string pod) => cluster.PostAsync($"api/v1/{ns}pods/{pod}/eviction", new JsonObject
    {
        ["apiVersion"] = "policy/v1", ["kind"] = "Eviction", ["metadata"] = new JsonObject { ["name"] = pod },
    });

    private async Task<string> PodAsync(string ns) => (await cluster.GetAsync($"api/v1/{ns}pods")).Body.Objects("items").Single().Text("metadata", "name")!;
}
