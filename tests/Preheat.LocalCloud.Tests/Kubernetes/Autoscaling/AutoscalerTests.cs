using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes.Autoscaling;

[Collection(SharedCluster.Name)]
public sealed class AutoscalerTests(TestCluster cluster)
{
    private const string Running = "prometheus.googleapis.com|vllm:num_requests_running|gauge";

    [Fact]
    public async Task Follows_a_metric_of_the_pods_up_to_its_maximum_and_down_again()
    {
        var (ns, name) = await DeployAsync();
        cluster.Runtime.Load[name] = 35;
        await cluster.PostAsync($"apis/monitoring.googleapis.com/v1/{ns}podmonitorings", Monitoring(name));
        await cluster.PostAsync($"apis/autoscaling/v2/{ns}horizontalpodautoscalers", Autoscaler(name));

        var grown = await cluster.WaitAsync($"apis/autoscaling/v2/{ns}horizontalpodautoscalers/{name}", body => body.Number("status", "currentReplicas") == 4 && body.Condition("ScalingActive").Text("status") == "True");
        (grown.Condition("AbleToScale").Text("status"), grown.Condition("ScalingActive").Text("reason")).ShouldBe(("True", "ValidMetricFound"));
        grown.Condition("ScalingActive").Text("message").ShouldBe($"the HPA was able to successfully calculate a replica count from pods metric {Running}");
        grown.Text("status", "lastScaleTime").ShouldNotBeNull();
        var current = await cluster.WaitAsync($"apis/autoscaling/v2/{ns}horizontalpodautoscalers/{name}", body => body.Objects("status", "currentMetrics").FirstOrDefault().Text("pods", "current", "averageValue") == "8750m");
        current.Objects("status", "currentMetrics").Single().Text("pods", "metric", "name").ShouldBe(Running);
        (await EventsAsync(ns, name)).ShouldContain($"SuccessfulRescale: New size: 4; reason: pods metric {Running} above target");
        await cluster.WaitAsync($"apis/apps/v1/{ns}deployments/{name}", body => body.Number("status", "readyReplicas") == 4);

        cluster.Runtime.Load[name] = 4;
        await cluster.WaitAsync($"apis/apps/v1/{ns}deployments/{name}", body => body.Number("spec", "replicas") == 1);
        (await EventsAsync(ns, name)).ShouldContain(message => message.EndsWith("reason: All metrics below target"));
    }

    [Fact]
    public async Task Stays_at_its_size_through_an_apply_that_leaves_the_replicas_out()
    {
        var (ns, name) = await DeployAsync();
        cluster.Runtime.Load[name] = 100;
        await cluster.PostAsync($"apis/monitoring.googleapis.com/v1/{ns}podmonitorings", Monitoring(name));
        await cluster.PostAsync($"apis/autoscaling/v2/{ns}horizontalpodautoscalers", Autoscaler(name));
        var path = $"apis/apps/v1/{ns}deployments/{name}";
        var grown = await cluster.WaitAsync(path, body => body.Number("status", "readyReplicas") == 4);
        var owner = grown.Objects("metadata", "managedFields").Single(entry => entry.Map("fieldsV1", "f:spec", "f:replicas") is not null);
        (owner.Text("manager"), owner.Text("subresource")).ShouldBe(("kube-controller-manager", "scale"));

        var next = Body(name);
        next["spec"]!["template"]!["metadata"]!["annotations"] = new JsonObject { ["turn"] = "2" };
        (await cluster.ApplyAsync(path, next.ToJsonString())).Body.Number("spec", "replicas").ShouldBe(4);
        await cluster.WaitAsync(path, body => body.Number("status", "updatedReplicas") == 4 && body.Number("status", "availableReplicas") == 4);

        // Whoever names another number takes it from the autoscaler only by force.
        next["spec"]!["replicas"] = 1;
        var (code, conflict) = await cluster.ApplyAsync(path, next.ToJsonString());
        code.ShouldBe(409);
        conflict.Text("message")!.ShouldStartWith("Apply failed with 1 conflict: conflict with \"kube-controller-manager\" with subresource \"scale\"");
        conflict.Objects("details", "causes").Single().Text("field").ShouldBe(".spec.replicas");
    }

    [Fact]
    public async Task Reads_a_gauge_of_the_pods_itself_where_an_AutoscalingMetric_names_it()
    {
        var (ns, name) = await DeployAsync();
        cluster.Runtime.Load[name] = 35;
        var autoscaler = Autoscaler(name);
        autoscaler["spec"]!["metrics"]![0]!["pods"]!["metric"]!["name"] = $"autoscaling.gke.io|{name}|busy";
        await cluster.PostAsync($"apis/autoscaling/v2/{ns}horizontalpodautoscalers", autoscaler);
        var path = $"apis/autoscaling/v2/{ns}horizontalpodautoscalers/{name}";
        await cluster.WaitAsync(path, body => body.Condition("ScalingActive").Text("reason") == "FailedGetPodsMetric");

        await cluster.PostAsync($"apis/autoscaling.gke.io/v1beta1/{ns}autoscalingmetrics", new JsonObject
        {
            ["apiVersion"] = "autoscaling.gke.io/v1beta1",
            ["kind"] = "AutoscalingMetric",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = JsonNode.Parse($$$"""{"metrics":[{"pod":{"selector":{"matchLabels":{"app":"{{{name}}}"}},"containers":[{"endpoint":{"port":8000},"metrics":[{"gauge":{"name":"busy","prometheusMetricName":"vllm:num_requests_running"}}]}]}}]}"""),
        });
        await cluster.WaitAsync(path, body => body.Number("status", "currentReplicas") == 4 && body.Condition("ScalingActive").Text("reason") == "ValidMetricFound");
    }

    [Fact]
    public async Task Says_that_it_cannot_compute_while_nobody_collects_the_metric()
    {
        var (ns, name) = await DeployAsync();
        cluster.Runtime.Load[name] = 35;
        await cluster.PostAsync($"apis/autoscaling/v2/{ns}horizontalpodautoscalers", Autoscaler(name));
        var fault = $"unable to get metric {Running}: unable to fetch metrics from custom metrics API: the server could not find the metric {Running} for pods";
        var path = $"apis/autoscaling/v2/{ns}horizontalpodautoscalers/{name}";

        var blind = await cluster.WaitAsync(path, body => body.Condition("ScalingActive").Text("status") == "False");
        (blind.Condition("ScalingActive").Text("reason"), blind.Condition("ScalingActive").Text("message")).ShouldBe(("FailedGetPodsMetric", $"the HPA was unable to compute the replica count: {fault}"));
        var events = await EventsAsync(ns, name);
        events.ShouldContain($"FailedGetPodsMetric: {fault}");
        events.ShouldContain($"FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get pods metric value: {fault}");
        (await cluster.GetAsync(Raw("v1beta2", ns))).Code.ShouldBe(404);

        await cluster.PostAsync($"apis/monitoring.googleapis.com/v1/{ns}podmonitorings", Monitoring(name));
        await cluster.WaitAsync(path, body => body.Condition("ScalingActive").Text("reason") == "ValidMetricFound");
    }

    [Fact]
    public async Task Says_what_it_cannot_scale()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"apis/autoscaling/v2/{ns}horizontalpodautoscalers", Autoscaler("absent"));
        var path = $"apis/autoscaling/v2/{ns}horizontalpodautoscalers/absent";
        var lost = await cluster.WaitAsync(path, body => body.Condition("AbleToScale").Text("status") == "False");
        (lost.Condition("AbleToScale").Text("reason"), lost.Condition("AbleToScale").Text("message"))
            .ShouldBe(("FailedGetScale", "the HPA controller was unable to get the target's current scale: deployments.apps \"absent\" not found"));

        var idle = Body("absent");
        idle["spec"]!["replicas"] = 0;
        await cluster.PostAsync($"apis/apps/v1/{ns}deployments", idle);
        await cluster.WaitAsync(path, body => body.Condition("ScalingActive").Text("reason") == "ScalingDisabled");
    }

    [Fact]
    public async Task Serves_the_metrics_as_the_adapter_does()
    {
        var (ns, name) = await DeployAsync();
        cluster.Runtime.Load[name] = 2.5;
        await cluster.PostAsync($"apis/monitoring.googleapis.com/v1/{ns}podmonitorings", Monitoring(name));
        var list = await cluster.WaitAsync(Raw("v1beta2", ns), body => body.Objects("items").Any());
        var item = list.Objects("items").Single();
        (list.Text("kind"), item.Text("describedObject", "kind"), item.Text("metric", "name"), item.Text("value")).ShouldBe(("MetricValueList", "Pod", Running, "2500m"));
        item.Text("describedObject", "name")!.ShouldStartWith(name);
        var older = (await cluster.GetAsync(Raw("v1beta1", ns))).Body.Objects("items").Single();
        (older.Text("metricName"), older.Text("value")).ShouldBe((Running, "2500m"));
        (await cluster.GetAsync($"{Raw("v1beta2", ns)}?labelSelector=app%3Dother")).Code.ShouldBe(404);
        (await cluster.GetAsync($"{Raw("v1beta2", ns)}?metricLabelSelector=metric.labels.model_name%3Da")).Code.ShouldBe(200);

        var external = $"apis/external.metrics.k8s.io/v1beta1/{ns}{Uri.EscapeDataString(Running)}?labelSelector=resource.labels.namespace%3D{ns[11..^1]}";
        (await cluster.GetAsync(external)).Body.Objects("items").Single().Text("value").ShouldBe("2500m");
        (await cluster.GetAsync($"apis/external.metrics.k8s.io/v1beta1/{ns}unknown")).Body.Items("items")!.Count.ShouldBe(0);
        (await cluster.GetAsync("apis/custom.metrics.k8s.io/v1beta2")).Body.Objects("resources").Select(resource => resource.Text("name")).ShouldContain($"pods/{Running}");
    }

    private static string Raw(string version, string ns) => $"apis/custom.metrics.k8s.io/{version}/{ns}pods/*/{Uri.EscapeDataString(Running)}";

    /// <summary>A deployment without replicas of its own in a new namespace, applied, ready.</summary>
    private async Task<(string Ns, string Name)> DeployAsync()
    {
        var ns = await cluster.NamespaceAsync();
        var name = $"hpa-{ns[13..^1]}";
        var path = $"apis/apps/v1/{ns}deployments/{name}";
        (await cluster.ApplyAsync(path, Body(name).ToJsonString())).Code.ShouldBe(201);
        await cluster.WaitAsync(path, body => body.Number("status", "readyReplicas") == 1);
        return (ns, name);
    }

    private static JsonObject Body(string name)
    {
        var body = Samples.Deployment(name);
        ((JsonObject)body["spec"]!).Remove("replicas");
        return body;
    }

    internal static JsonObject Monitoring(string app) => (JsonObject)JsonNode.Parse($$"""
        {
          "apiVersion": "monitoring.googleapis.com/v1", "kind": "PodMonitoring", "metadata": { "name": "{{app}}" },
          "spec": { "selector": { "matchLabels": { "app": "{{app}}" } }, "endpoints": [{ "port": 8000, "interval": "15s" }] }
        }
        """)!;

    internal static JsonObject Autoscaler(string target, int average = 10) => (JsonObject)JsonNode.Parse($$"""
        {
          "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": { "name": "{{target}}" },
          "spec": {
            "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "{{target}}" }, "minReplicas": 1, "maxReplicas": 4,
            "metrics": [{ "type": "Pods", "pods": { "metric": { "name": "{{Running}}" }, "target": { "type": "AverageValue", "averageValue": "{{average}}" } } }]
          }
        }
        """)!;

    private async Task<List<string>> EventsAsync(string ns, string name) =>
        [.. (await cluster.GetAsync($"api/v1/{ns}events?fieldSelector=involvedObject.name%3D{name},involvedObject.kind%3DHorizontalPodAutoscaler")).Body.Objects("items").Select(item => $"{item.Text("reason")}: {item.Text("message")}")];
}
