using System.Text.Json.Nodes;
using Preheat.Kubernetes;

namespace Preheat.Tests.Kubernetes;

public sealed class StatusTextTests
{
    private static readonly string Digest = "sha256:" + new string('a', 64);

    [Fact]
    public void Tells_how_it_serves_then_revisions_objects_and_pods()
    {
        var status = new ClusterStatus(
            "here",
            new Uri("https://127.0.0.1:6443/"),
            [
                new("HorizontalPodAutoscaler/gemma", "ml", true, "2 replicas of 1 to 4, wants 3; vllm:num_requests_running 12.5, target 10", null, TimeSpan.FromMinutes(5)),
                new("Deployment/gemma", "ml", true, "2 of 2 replicas available", Digest, TimeSpan.FromMinutes(5)),
            ],
            [new("Pod/gemma-1-a", "ml", false, "no node yet", Digest, TimeSpan.FromSeconds(20))])
        {
            Endpoints = ["http://10.0.0.3:8000 (load balancer)"],
            Trouble = "Pod/gemma-1-a: FailedScheduling: 0/2 nodes are available, 4 s ago",
            NewestStart = new("gemma-1-b", [new("node", 60, null), new("ready", 30.2, null)]),
            Revisions =
            [
                new(3, $"repo/gemma@{Digest}", new(2026, 11, 22, 10, 0, 0, TimeSpan.Zero), IsCurrent: true, IsGood: true, RevisionState.Good, "1 min 30 s"),
                new(2, $"repo/gemma@{Digest}", null, IsCurrent: false, IsGood: false, RevisionState.Failed),
                new(1, "repo/gemma:old", null, IsCurrent: false, IsGood: true, RevisionState.Good, "2 min 0 s"),
            ],
        };
        StatusText.Of(status).ShouldBe(
        [
            "endpoint:     http://10.0.0.3:8000 (load balancer)",
            "replicas:     2 of 2 replicas available",
            "autoscaler:   2 replicas of 1 to 4, wants 3; vllm:num_requests_running 12.5, target 10",
            "cold start:   Pod/gemma-1-b: 1 min 30 s; revision 1: 2 min 0 s",
            "last trouble: Pod/gemma-1-a: FailedScheduling: 0/2 nodes are available, 4 s ago",
            "revisions, for Rollback --revision N:",
            "  3: repo/gemma@sha256:aaaaaaaaaaaa, made 2026-11-22 10:00 UTC, runs now, good, cold start 1 min 30 s",
            "  2: repo/gemma@sha256:aaaaaaaaaaaa, failed",
            "  1: repo/gemma:old, good, cold start 2 min 0 s",
            "objects and pods:",
            "  ready   ml HorizontalPodAutoscaler/gemma: 2 replicas of 1 to 4, wants 3; vllm:num_requests_running 12.5, target 10, 5 min 0 s old",
            "  ready   ml Deployment/gemma: 2 of 2 replicas available, image sha256:aaaaaaaaaaaa, 5 min 0 s old",
            "  waiting ml Pod/gemma-1-a: no node yet, image sha256:aaaaaaaaaaaa, 20 s old",
        ]);
    }

    [Fact]
    public void Leaves_out_what_is_not_known() =>
        StatusText.Of(new("here", new Uri("https://127.0.0.1:6443/"), [], [new("Pod/a", "ml", true, "ready", null, null)])).ShouldBe(["last trouble: none", "objects and pods:", "  ready   ml Pod/a: ready"]);

    [Theory]
    [InlineData("""{"type":"Pods","pods":{"metric":{"name":"prometheus.googleapis.com|vllm:num_requests_running|gauge"},"target":{"averageValue":"10"}}}""", """{"type":"Pods","pods":{"metric":{"name":"prometheus.googleapis.com|vllm:num_requests_running|gauge"},"current":{"averageValue":"3500m"}}}""", "vllm:num_requests_running 3.5, target 10")]
    [InlineData("""{"type":"Resource","resource":{"name":"cpu","target":{"averageUtilization":80}}}""", """{"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":12,"averageValue":"120m"}}}""", "cpu 12 %, target 80 %")]
    [InlineData("""{"type":"External","external":{"metric":{"name":"queue"},"target":{"value":"7"}}}""", """{"type":"External","external":{"metric":{"name":"other"},"current":{"value":"1"}}}""", "queue unknown, target 7")]
    public void Tells_an_autoscalers_metric_and_its_target(string wanted, string current, string text)
    {
        var autoscaler = new JsonObject
        {
            ["spec"] = new JsonObject { ["maxReplicas"] = 4, ["metrics"] = new JsonArray(JsonNode.Parse(wanted)) },
            ["status"] = new JsonObject
            {
                ["currentReplicas"] = 2,
                ["desiredReplicas"] = 3,
                ["currentMetrics"] = new JsonArray(JsonNode.Parse(current)),
                ["conditions"] = new JsonArray(new JsonObject { ["type"] = "ScalingActive", ["status"] = "True" }),
            },
        };
        AutoscalerProgress.Of(new(autoscaler)).State.ShouldBe($"2 replicas of 1 to 4, wants 3; {text}");
    }
}
