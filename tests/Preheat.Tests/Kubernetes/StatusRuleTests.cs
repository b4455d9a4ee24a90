using System.Text.Json.Nodes;
using Preheat.Kubernetes;

namespace Preheat.Tests.Kubernetes;

/// <summary>What the status of one object means.</summary>
public sealed class StatusRuleTests
{
    [Theory]
    [InlineData("{}", false, "waiting until the cluster takes the change up")]
    [InlineData("""{"observedGeneration":1,"updatedReplicas":2,"replicas":2,"availableReplicas":2}""", false, "waiting until the cluster takes the change up")]
    [InlineData("""{"observedGeneration":2}""", false, "0 of 2 replicas are made anew")]
    [InlineData("""{"observedGeneration":2,"updatedReplicas":1,"conditions":[{"type":"ReplicaFailure","status":"True","message":"exceeded quota"}]}""", false, "1 of 2 replicas are made anew; pods cannot be made: exceeded quota")]
    [InlineData("""{"observedGeneration":2,"updatedReplicas":2,"replicas":3,"availableReplicas":3}""", false, "2 new and 1 old replicas; 3 of them available")]
    [InlineData("""{"observedGeneration":2,"updatedReplicas":2,"replicas":2,"availableReplicas":1}""", false, "1 of 2 replicas available")]
    [InlineData("""{"observedGeneration":2,"updatedReplicas":2,"replicas":2,"availableReplicas":2}""", true, "2 of 2 replicas available")]
    public void Judges_a_Deployment_in_the_order_of_the_checks(string status, bool done, string state)
    {
        var progress = DeploymentProgress.Of(Deployment(status));
        (progress.IsDone, progress.State, progress.Failure).ShouldBe((done, state, null));
    }

    [Fact]
    public void Believes_the_progress_deadline_only_of_the_current_generation()
    {
        const string Exceeded = "\"conditions\":[{\"type\":\"Progressing\",\"status\":\"False\",\"reason\":\"ProgressDeadlineExceeded\",\"message\":\"timed out\"}]";
        DeploymentProgress.Of(Deployment($$"""{"observedGeneration":1,{{Exceeded}}}""")).Failure.ShouldBeNull();
        DeploymentProgress.Of(Deployment($$"""{"observedGeneration":2,{{Exceeded}}}""")).Failure.ShouldNotBeNull().ShouldContain("timed out");
    }

    [Theory]
    [InlineData("""{"phase":"Pending"}""", "waiting for a node", null, false)]
    [InlineData("""{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/1 nodes"}]}""", "no node yet: 0/1 nodes", "Unschedulable", false)]
    [InlineData("""{"phase":"Pending","containerStatuses":[{"name":"c","state":{"waiting":{"reason":"ContainerCreating"}}}]}""", "waiting for a node", null, false)]
    [InlineData("""{"phase":"Pending","containerStatuses":[{"name":"c","state":{"waiting":{"reason":"ErrImagePull","message":"not found"}}}]}""", "ErrImagePull: not found", "ErrImagePull", false)]
    [InlineData("""{"phase":"Pending","containerStatuses":[{"name":"c","state":{"waiting":{"reason":"InvalidImageName","message":"bad"}}}]}""", "InvalidImageName: bad", "InvalidImageName", true)]
    [InlineData("""{"phase":"Pending","containerStatuses":[{"name":"c","state":{"waiting":{"reason":"CreateContainerConfigError","message":"no secret"}}}]}""", "CreateContainerConfigError: no secret", "CreateContainerConfigError", true)]
    [InlineData("""{"phase":"Running","containerStatuses":[{"name":"c","restartCount":2,"state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off"}}}]}""", "CrashLoopBackOff: back-off", "CrashLoopBackOff", false)]
    [InlineData("""{"phase":"Running","containerStatuses":[{"name":"c","restartCount":3,"lastState":{"terminated":{"exitCode":1,"reason":"Error"}},"state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off"}}}]}""", "CrashLoopBackOff: 3 restarts, exit code 1, Error", "CrashLoopBackOff", true)]
    [InlineData("""{"phase":"Running","containerStatuses":[{"name":"c","restartCount":1,"state":{"terminated":{"exitCode":137,"reason":"OOMKilled"}}}]}""", "ended with 137: exit code 137, OOMKilled; it used more memory than its limit", "OOMKilled", false)]
    [InlineData("""{"phase":"Running","containerStatuses":[{"name":"c","ready":false,"state":{"running":{}}}]}""", "started; loading, not ready yet", null, false)]
    [InlineData("""{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{"name":"c","ready":true,"state":{"running":{}}}]}""", "ready", null, false)]
    [InlineData("""{"phase":"Failed","reason":"Evicted","message":"disk"}""", "failed: Evicted disk", "Evicted", false)]
    public void Tells_the_state_of_a_pod(string status, string state, string? trouble, bool isFinal)
    {
        var report = PodReport.Of(new(new JsonObject { ["status"] = JsonNode.Parse(status) }));
        (report.State, report.Trouble?.Reason, report.Trouble?.IsFinal ?? false, report.IsReady).ShouldBe((state, trouble, isFinal, state == "ready"));
    }

    [Fact]
    public void Names_the_selector_that_no_node_fits()
    {
        var report = PodReport.Of(new((JsonObject)JsonNode.Parse("""
            {"spec":{"nodeSelector":{"cloud.google.com/gke-accelerator":"nvidia-unknown"}},
             "status":{"conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."}]}}
            """)!));
        report.State.ShouldEndWith("node affinity/selector. It asks for cloud.google.com/gke-accelerator=nvidia-unknown.");
    }

    private static KubernetesObject Deployment(string status) => new(new JsonObject
    {
        ["metadata"] = new JsonObject { ["generation"] = 2 },
        ["spec"] = new JsonObject { ["replicas"] = 2 },
        ["status"] = JsonNode.Parse(status),
    });
}
