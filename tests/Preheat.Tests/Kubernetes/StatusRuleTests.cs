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
    [InlineData("""{"phase":"Pending","containerStatuses":[{"name":"c","state":{"waiting":{"reason":"CreateContainerConfigError","message":"no secret"}}}]}""", "CreateContainerConfigError: no secret", "CreateContainerConfigError", false)]
    [InlineData("""{"phase":"Pending","containerStatuses":[{"name":"c","state":{"waiting":{"reason":"CreateContainerConfigError","message":"container has runAsNonRoot and image will run as root"}}}]}""", "CreateContainerConfigError: container has runAsNonRoot and image will run as root", "CreateContainerConfigError", true)]
    [InlineData("""{"phase":"Succeeded","containerStatuses":[{"name":"c","state":{"terminated":{"exitCode":0}}}]}""", "ended", null, false)]
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

    [Theory]
    [InlineData("apps/v1", "StatefulSet", """{"replicas":3}""", """{"observedGeneration":1}""", false, "waiting until the cluster takes the change up")]
    [InlineData("apps/v1", "StatefulSet", """{"replicas":3}""", """{"observedGeneration":2,"updatedReplicas":1,"readyReplicas":3}""", false, "1 of 3 replicas are made anew")]
    [InlineData("apps/v1", "StatefulSet", """{"replicas":3,"updateStrategy":{"rollingUpdate":{"partition":2}}}""", """{"observedGeneration":2,"updatedReplicas":1,"readyReplicas":3}""", true, "3 of 3 replicas ready")]
    [InlineData("apps/v1", "StatefulSet", """{"replicas":3}""", """{"observedGeneration":2,"updatedReplicas":3,"readyReplicas":2}""", false, "2 of 3 replicas ready")]
    [InlineData("apps/v1", "StatefulSet", """{"updateStrategy":{"type":"OnDelete"}}""", """{"observedGeneration":2,"readyReplicas":1}""", true, "1 of 1 replicas ready; a pod changes when it is removed")]
    [InlineData("apps/v1", "DaemonSet", "{}", """{"observedGeneration":2,"desiredNumberScheduled":2,"updatedNumberScheduled":1,"numberAvailable":2}""", false, "1 of 2 nodes have the new pod")]
    [InlineData("apps/v1", "DaemonSet", """{"updateStrategy":{"type":"OnDelete"}}""", """{"observedGeneration":2,"desiredNumberScheduled":2,"updatedNumberScheduled":1,"numberAvailable":2}""", true, "available on 2 of 2 nodes")]
    [InlineData("apps/v1", "DaemonSet", "{}", """{"observedGeneration":2,"desiredNumberScheduled":2,"updatedNumberScheduled":2,"numberAvailable":1}""", false, "available on 1 of 2 nodes")]
    [InlineData("batch/v1", "Job", """{"completions":2}""", """{"active":1,"succeeded":1,"failed":3}""", false, "1 of 2 completions, 1 pods at work; 3 tries failed")]
    [InlineData("batch/v1", "Job", """{"suspend":true}""", "{}", false, "suspended")]
    [InlineData("batch/v1", "Job", "{}", """{"succeeded":1,"conditions":[{"type":"Complete","status":"True"}]}""", true, "1 of 1 completions")]
    [InlineData("batch/v1", "Job", "{}", """{"conditions":[{"type":"Failed","status":"True","reason":"BackoffLimitExceeded","message":"too many"}]}""", false, "BackoffLimitExceeded: too many")]
    [InlineData("v1", "PersistentVolumeClaim", """{"volumeName":"pv-1"}""", """{"phase":"Bound","capacity":{"storage":"40Gi"}}""", true, "bound to pv-1, 40Gi")]
    [InlineData("v1", "PersistentVolumeClaim", """{"storageClassName":"fast"}""", """{"phase":"Pending"}""", false, "not bound yet (class fast); a class may wait for the first pod that uses it")]
    [InlineData("v1", "PersistentVolumeClaim", """{"volumeName":"pv-1"}""", """{"phase":"Lost"}""", false, "the volume pv-1 that it was bound to is gone")]
    [InlineData("autoscaling/v2", "HorizontalPodAutoscaler", "{}", "{}", false, "no metrics read yet")]
    [InlineData("autoscaling/v2", "HorizontalPodAutoscaler", "{}", """{"currentReplicas":1,"desiredReplicas":1,"conditions":[{"type":"ScalingActive","status":"False","reason":"FailedGetPodsMetric","message":"no metrics"}]}""", false, "cannot scale: FailedGetPodsMetric: no metrics")]
    [InlineData("autoscaling/v2", "HorizontalPodAutoscaler", "{}", """{"conditions":[{"type":"AbleToScale","status":"True"},{"type":"ScalingActive","status":"False","reason":"ScalingDisabled","message":"no replicas"}]}""", true, "0 replicas, wants 0")]
    [InlineData("autoscaling/v2", "HorizontalPodAutoscaler", "{}", """{"currentReplicas":2,"desiredReplicas":4,"conditions":[{"type":"ScalingActive","status":"True"},{"type":"ScalingLimited","status":"True","message":"at most 4"}]}""", true, "2 replicas, wants 4 (at most 4)")]
    [InlineData("v1", "Service", """{"type":"LoadBalancer"}""", """{"loadBalancer":{}}""", false, "its load balancer has no address yet")]
    [InlineData("v1", "Service", """{"type":"LoadBalancer"}""", """{"loadBalancer":{"ingress":[{"hostname":"lb.example"}]}}""", true, "load balancer at lb.example")]
    [InlineData("v1", "Service", """{"clusterIP":"10.0.0.7"}""", "{}", true, "ClusterIP 10.0.0.7")]
    [InlineData("v1", "Service", """{"type":"ExternalName","externalName":"db.example"}""", "{}", true, "stands for db.example")]
    [InlineData("example.org/v1", "Thing", "{}", """{"conditions":[{"type":"Ready","status":"False","reason":"Wait","message":"soon"}]}""", false, "Ready is False: Wait soon")]
    [InlineData("example.org/v1", "Thing", "{}", "{}", true, "there")]
    public void Judges_every_kind_by_its_own_status(string apiVersion, string kind, string spec, string status, bool done, string text)
    {
        var item = new JsonObject
        {
            ["apiVersion"] = apiVersion,
            ["kind"] = kind,
            ["metadata"] = new JsonObject { ["name"] = "a", ["generation"] = 2 },
            ["spec"] = JsonNode.Parse(spec),
            ["status"] = JsonNode.Parse(status),
        };
        var progress = ObjectProgress.Of(new(item));
        (progress.IsDone, progress.Failure ?? progress.State).ShouldBe((done, text));
    }

    private static KubernetesObject Deployment(string status) => new(new JsonObject
    {
        ["metadata"] = new JsonObject { ["generation"] = 2 },
        ["spec"] = new JsonObject { ["replicas"] = 2 },
        ["status"] = JsonNode.Parse(status),
    });
}
