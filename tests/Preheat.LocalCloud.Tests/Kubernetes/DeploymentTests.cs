using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

[Collection(SharedCluster.Name)]
public sealed class DeploymentTests(TestCluster cluster)
{
    [Fact]
    public async Task Rolls_a_deployment_out_to_ready_pods_that_the_service_reaches()
    {
        var ns = await cluster.NamespaceAsync();
        (await cluster.PostAsync($"apis/apps/v1/{ns}deployments", Samples.Deployment("web", replicas: 2))).Code.ShouldBe(201);
        (await cluster.PostAsync($"api/v1/{ns}services", Samples.Service("web", "web"))).Code.ShouldBe(201);

        var deployment = await RolledOutAsync(ns, "web", replicas: 2);

        deployment.Text("metadata", "annotations", "deployment.kubernetes.io/revision").ShouldBe("1");
        deployment.Number("status", "observedGeneration").ShouldBe(1);
        deployment.Number("status", "readyReplicas").ShouldBe(2);
        deployment.At("status", "unavailableReplicas").ShouldBeNull();
        deployment.Condition("Available").Text("reason").ShouldBe("MinimumReplicasAvailable");
        deployment.Condition("Progressing").Text("reason").ShouldBe("NewReplicaSetAvailable");
        var answers = new HashSet<string>();
        await cluster.WaitAsync($"api/v1/{ns}endpoints/web", body => body.Objects("subsets").FirstOrDefault().Objects("addresses").Count() == 2);
        for (var call = 0; call < 10; call++)
        {
            answers.Add((await cluster.Client.GetStringAsync($"api/v1/{ns}services/http:web:80/proxy/who")).Split(' ')[0]);
        }

        answers.Count.ShouldBe(2, "both pods answer");
        (await cluster.Client.GetStringAsync($"api/v1/{ns}services/web:http/proxy/v1/models?x=%2Fy")).ShouldEndWith("GET /v1/models?x=%2Fy");
    }

    [Fact]
    public async Task Gives_each_template_a_revision_and_a_set_and_keeps_the_old_set()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"apis/apps/v1/{ns}deployments", Samples.Deployment("web"));
        await RolledOutAsync(ns, "web", replicas: 1);

        await cluster.MergeAsync($"apis/apps/v1/{ns}deployments/web", """{"spec":{"template":{"metadata":{"annotations":{"turn":"2"}}}}}""");
        var second = await cluster.WaitAsync($"apis/apps/v1/{ns}deployments/web", body => IsComplete(body, 1) && Revision(body) == "2");
        second.Number("metadata", "generation").ShouldBe(2);
        var sets = (await cluster.GetAsync($"apis/apps/v1/{ns}replicasets")).Body.Objects("items").ToDictionary(Revision, set => set.Number("spec", "replicas"));
        sets.ShouldBe(new Dictionary<string, long?> { ["1"] = 0, ["2"] = 1 }, ignoreOrder: true);

        // Going back is a new revision of the old set.
        await cluster.MergeAsync($"apis/apps/v1/{ns}deployments/web", """{"spec":{"template":{"metadata":{"annotations":null}}}}""");
        await cluster.WaitAsync($"apis/apps/v1/{ns}deployments/web", body => IsComplete(body, 1) && Revision(body) == "3");
        (await cluster.GetAsync($"apis/apps/v1/{ns}replicasets")).Body.Objects("items").Select(Revision).ShouldBe(["2", "3"], ignoreOrder: true);
    }

    [Fact]
    public async Task Never_has_fewer_available_pods_than_the_strategy_allows()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"apis/apps/v1/{ns}deployments", Samples.Deployment("web", replicas: 4));
        await RolledOutAsync(ns, "web", replicas: 4);
        var seen = new List<(long Total, long Available)>();
        await cluster.MergeAsync($"apis/apps/v1/{ns}deployments/web", """{"spec":{"template":{"metadata":{"annotations":{"turn":"2"}}}}}""");
        await cluster.WaitAsync($"apis/apps/v1/{ns}deployments/web", body =>
        {
            seen.Add((body.Number("status", "replicas") ?? 0, body.Number("status", "availableReplicas") ?? 0));
            return IsComplete(body, 4) && Revision(body) == "2";
        });
        seen.Min(item => item.Available).ShouldBeGreaterThanOrEqualTo(3);
        seen.Max(item => item.Total).ShouldBeLessThanOrEqualTo(5);
    }

    [Fact]
    public async Task Recreate_makes_no_new_pod_before_the_last_old_one_is_gone()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"apis/apps/v1/{ns}deployments", Samples.Deployment("web", change: spec => spec["strategy"] = new JsonObject { ["type"] = "Recreate" }));
        await RolledOutAsync(ns, "web", replicas: 1);
        await cluster.MergeAsync($"apis/apps/v1/{ns}deployments/web", """{"spec":{"template":{"metadata":{"annotations":{"turn":"2"}}}}}""");
        await cluster.WaitAsync($"apis/apps/v1/{ns}deployments/web", body =>
        {
            (body.Number("status", "replicas") ?? 0).ShouldBeLessThanOrEqualTo(1);
            return IsComplete(body, 1) && Revision(body) == "2";
        });
    }

    [Fact]
    public async Task Says_ProgressDeadlineExceeded_when_pods_do_not_become_ready_in_time()
    {
        var ns = await cluster.NamespaceAsync();
        cluster.Runtime.Unhealthy["never-"] = true;
        await cluster.PostAsync($"apis/apps/v1/{ns}deployments", Samples.Deployment("never", change: spec => spec["progressDeadlineSeconds"] = 600));
        var deployment = await cluster.WaitAsync($"apis/apps/v1/{ns}deployments/never", body => body.Condition("Progressing").Text("status") == "False");
        deployment.Condition("Progressing").Text("reason").ShouldBe("ProgressDeadlineExceeded");
        deployment.Condition("Available").Text("status").ShouldBe("False");
        deployment.Number("status", "unavailableReplicas").ShouldBe(1);

        // What becomes ready later still counts.
        cluster.Runtime.Unhealthy.TryRemove("never-", out _);
        await RolledOutAsync(ns, "never", replicas: 1);
    }

    [Fact]
    public async Task A_paused_deployment_scales_but_rolls_nothing_out()
    {
        var ns = await cluster.NamespaceAsync();
        var path = $"apis/apps/v1/{ns}deployments/web";
        await cluster.PostAsync($"apis/apps/v1/{ns}deployments", Samples.Deployment("web"));
        await RolledOutAsync(ns, "web", replicas: 1);
        await cluster.MergeAsync(path, """{"spec":{"paused":true,"replicas":2,"template":{"metadata":{"annotations":{"turn":"2"}}}}}""");
        var paused = await cluster.WaitAsync(path, body => body.Number("status", "readyReplicas") == 2);
        (paused.Condition("Progressing").Text("status"), paused.Condition("Progressing").Text("reason")).ShouldBe(("Unknown", "DeploymentPaused"));
        paused.At("status", "updatedReplicas").ShouldBeNull();
        (await cluster.GetAsync($"apis/apps/v1/{ns}replicasets")).Body.Objects("items").Count().ShouldBe(1, "no set is made for the new template");

        await cluster.MergeAsync(path, """{"spec":{"paused":false}}""");
        await RolledOutAsync(ns, "web", replicas: 2);
    }

    [Fact]
    public async Task Scales_through_the_scale_subresource_and_keeps_the_number_when_an_apply_leaves_it_out()
    {
        var ns = await cluster.NamespaceAsync();
        var path = $"apis/apps/v1/{ns}deployments/web";
        var body = Samples.Deployment("web", replicas: 1);
        (await cluster.ApplyAsync(path, body.ToJsonString())).Code.ShouldBe(201);
        (await cluster.MergeAsync($"{path}/scale?fieldManager=autoscaler", """{"spec":{"replicas":3}}""")).Body.Number("spec", "replicas").ShouldBe(3);
        await RolledOutAsync(ns, "web", replicas: 3);

        ((JsonObject)body["spec"]!).Remove("replicas");
        var (code, applied) = await cluster.ApplyAsync(path, body.ToJsonString());
        code.ShouldBe(200);
        applied.Number("spec", "replicas").ShouldBe(3, "the autoscaler owns it");
        (await cluster.GetAsync($"{path}/scale")).Body.Text("status", "selector").ShouldBe("app=web");
    }

    [Fact]
    public async Task Deleting_it_takes_its_sets_and_pods_along()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"apis/apps/v1/{ns}deployments", Samples.Deployment("web"));
        await RolledOutAsync(ns, "web", replicas: 1);
        (await cluster.DeleteAsync($"apis/apps/v1/{ns}deployments/web")).Body.Text("status").ShouldBe("Success");
        await cluster.WaitAsync($"apis/apps/v1/{ns}replicasets", body => !body.Objects("items").Any());
        await cluster.WaitAsync($"api/v1/{ns}pods", body => !body.Objects("items").Any());
    }

    [Fact]
    public async Task Foreground_deletion_ends_with_the_owner_and_orphaning_keeps_the_pods()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"apis/apps/v1/{ns}deployments", Samples.Deployment("web"));
        await RolledOutAsync(ns, "web", replicas: 1);
        var (_, marked) = await cluster.DeleteAsync($"apis/apps/v1/{ns}deployments/web", """{"propagationPolicy":"Foreground"}""");
        marked.Texts("metadata", "finalizers").ShouldBe(["foregroundDeletion"]);
        await cluster.WaitGoneAsync($"apis/apps/v1/{ns}deployments/web");
        (await cluster.GetAsync($"api/v1/{ns}pods")).Body.Items("items")!.Count.ShouldBe(0);

        await cluster.PostAsync($"apis/apps/v1/{ns}deployments", Samples.Deployment("kept"));
        await RolledOutAsync(ns, "kept", replicas: 1);
        await cluster.DeleteAsync($"apis/apps/v1/{ns}deployments/kept?propagationPolicy=Orphan");
        var set = (await cluster.GetAsync($"apis/apps/v1/{ns}replicasets")).Body.Objects("items").Single();
        set.Items("metadata", "ownerReferences")!.Count.ShouldBe(0);
    }

    private async Task<JsonNode> RolledOutAsync(string ns, string name, int replicas) =>
        await cluster.WaitAsync($"apis/apps/v1/{ns}deployments/{name}", body => IsComplete(body, replicas));

    private static string Revision(JsonNode body) => body.Text("metadata", "annotations", "deployment.kubernetes.io/revision") ?? "";

    private static bool IsComplete(JsonNode body, int replicas) =>
        body.Condition("Progressing").Text("reason") == "NewReplicaSetAvailable" && body.Number("status", "observedGeneration") == body.Number("metadata", "generation")
        && body.Number("status", "updatedReplicas") == replicas && body.Number("status", "availableReplicas") == replicas && body.Number("status", "replicas") == replicas;
}
