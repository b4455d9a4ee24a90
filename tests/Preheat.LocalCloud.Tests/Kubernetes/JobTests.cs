using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

[Collection(SharedCluster.Name)]
public sealed class JobTests(TestCluster cluster)
{
    [Fact]
    public async Task Runs_its_pods_to_completion_under_the_labels_of_their_job()
    {
        var ns = await cluster.NamespaceAsync();
        var (code, made) = await cluster.PostAsync($"apis/batch/v1/{ns}jobs", Job("load", ["exit", "0"], spec => (spec["completions"], spec["parallelism"]) = (3, 2)));
        code.ShouldBe(201, made.ToJsonString());
        (made.Number("spec", "backoffLimit"), made.Text("spec", "completionMode"), made.Number("metadata", "generation")).ShouldBe((6, "NonIndexed", 1));
        made.Text("spec", "selector", "matchLabels", "batch.kubernetes.io/controller-uid").ShouldBe(made.Text("metadata", "uid"));

        var done = await DoneAsync(ns, "load", "Complete");
        (done.Number("status", "succeeded"), done.Number("status", "active"), done.Condition("Complete").Text("reason")).ShouldBe((3, null, "CompletionsReached"));
        done.Condition("SuccessCriteriaMet").Text("status").ShouldBe("True");
        (done.Text("status", "startTime"), done.Text("status", "completionTime")).ShouldNotBe((null, null));
        var pods = (await cluster.GetAsync($"api/v1/{ns}pods?labelSelector=batch.kubernetes.io/job-name%3Dload,job-name%3Dload")).Body.Objects("items").ToList();
        pods.Count.ShouldBe(3);
        foreach (var pod in pods)
        {
            pod.Text("metadata", "name")!.ShouldMatch("^load-[a-z0-9]{5}$");
            pod.Objects("metadata", "ownerReferences").Single().Text("kind").ShouldBe("Job");
        }

        (await EventsAsync(ns, "load")).ShouldContain("Completed: Job completed");
    }

    [Theory]
    [InlineData("Never", 2, 3)]
    [InlineData("OnFailure", 2, null)]
    public async Task Fails_when_the_backoff_limit_is_reached(string policy, int limit, int? failedPods)
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"apis/batch/v1/{ns}jobs", Job("load", ["exit", "1"], spec =>
        {
            spec["backoffLimit"] = limit;
            spec["template"]!["spec"]!["restartPolicy"] = policy;
        }));
        var failed = await DoneAsync(ns, "load", "Failed");
        (failed.Condition("Failed").Text("reason"), failed.Condition("Failed").Text("message")).ShouldBe(("BackoffLimitExceeded", "Job has reached the specified backoff limit"));
        if (failedPods is not null)
        {
            failed.Number("status", "failed").ShouldBe(failedPods);
        }

        failed.Number("status", "active").ShouldBeNull();
        (await EventsAsync(ns, "load")).ShouldContain("BackoffLimitExceeded: Job has reached the specified backoff limit");
    }

    [Fact]
    public async Task Ends_at_its_deadline()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"apis/batch/v1/{ns}jobs", Job("long", ["serve"], spec => spec["activeDeadlineSeconds"] = 1200));
        var failed = await DoneAsync(ns, "long", "Failed");
        (failed.Condition("Failed").Text("reason"), failed.Condition("FailureTarget").Text("reason")).ShouldBe(("DeadlineExceeded", "DeadlineExceeded"));
    }

    [Fact]
    public async Task Goes_with_its_pods_when_its_time_after_the_end_is_over()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"apis/batch/v1/{ns}jobs", Job("brief", ["exit", "0"], spec => spec["ttlSecondsAfterFinished"] = 60));
        await cluster.WaitGoneAsync($"apis/batch/v1/{ns}jobs/brief");
        await cluster.WaitAsync($"api/v1/{ns}pods", body => body.Items("items")!.Count == 0);
    }

    [Fact]
    public async Task Has_no_pods_while_it_is_suspended()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"apis/batch/v1/{ns}jobs", Job("later", ["exit", "0"], spec => spec["suspend"] = true));
        var waiting = await cluster.WaitAsync($"apis/batch/v1/{ns}jobs/later", body => body.Condition("Suspended").Text("status") == "True");
        waiting.Text("status", "startTime").ShouldBeNull();
        (await cluster.GetAsync($"api/v1/{ns}pods")).Body.Items("items")!.Count.ShouldBe(0);
        await cluster.MergeAsync($"apis/batch/v1/{ns}jobs/later", """{"spec":{"suspend":false}}""");
        var done = await DoneAsync(ns, "later", "Complete");
        done.Condition("Suspended").Text("reason").ShouldBe("JobResumed");
    }

    private static JsonObject Job(string name, string[] command, Action<JsonObject> change)
    {
        var container = Samples.Container();
        container["command"] = KubeJson.ToArray(command);
        container.Remove("readinessProbe");
        var spec = new JsonObject
        {
            ["template"] = new JsonObject
            {
                ["spec"] = new JsonObject { ["restartPolicy"] = "Never", ["terminationGracePeriodSeconds"] = 1, ["containers"] = new JsonArray(container) },
            },
        };
        change(spec);
        return new JsonObject { ["apiVersion"] = "batch/v1", ["kind"] = "Job", ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = spec };
    }

    private Task<JsonNode> DoneAsync(string ns, string name, string condition) =>
        cluster.WaitAsync($"apis/batch/v1/{ns}jobs/{name}", body => body.Condition(condition).Text("status") == "True");

    private async Task<List<string>> EventsAsync(string ns, string name) =>
        [.. (await cluster.WaitAsync($"api/v1/{ns}events?fieldSelector=involvedObject.name%3D{name}", body => body.Objects("items").Any(item => item.Text("reason") is "Completed" or "BackoffLimitExceeded")))
            .Objects("items").Select(item => $"{item.Text("reason")}: {item.Text("message")}")];
}
