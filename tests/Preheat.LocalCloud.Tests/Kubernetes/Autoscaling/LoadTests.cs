using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Tests.Pods;
using Preheat.LocalCloud.Tests.Serving;

namespace Preheat.LocalCloud.Tests.Kubernetes.Autoscaling;

/// <summary>Real requests at look-alike servers, their metrics, the autoscalers, and back.</summary>
[Collection(SharedCluster.Name)]
public sealed class LoadTests(TestCluster cluster)
{
    private const string DutyCycle = "kubernetes.io|container|accelerator|duty_cycle";

    [Fact]
    public async Task Load_makes_the_replicas_grow_and_its_end_makes_them_shrink()
    {
        var (ns, name) = await ServeAsync();
        await cluster.PostAsync($"apis/monitoring.googleapis.com/v1/{ns}podmonitorings", AutoscalerTests.Monitoring(name));
        await cluster.PostAsync($"apis/autoscaling/v2/{ns}horizontalpodautoscalers", AutoscalerTests.Autoscaler(name, average: 2));
        var path = $"apis/apps/v1/{ns}deployments/{name}";
        using (var load = new CancellationTokenSource())
        {
            var clients = Enumerable.Range(0, 8).Select(_ => AskAsync(ns, name, load.Token)).ToList();
            await cluster.WaitAsync(path, body => body.Number("status", "readyReplicas") >= 3);
            await load.CancelAsync();
            await Task.WhenAll(clients);
        }

        await cluster.WaitAsync(path, body => body.Number("spec", "replicas") == 1 && body.Number("status", "replicas") == 1);
    }

    [Fact]
    public async Task Load_shows_as_duty_cycle_of_the_accelerator_and_as_utilisation_of_dcgm()
    {
        var (ns, name) = await ServeAsync();
        var external = JsonNode.Parse($$$"""
            [{ "type": "External", "external": {
              "metric": { "name": "{{{DutyCycle}}}", "selector": { "matchLabels": { "resource.labels.container_name": "server", "resource.labels.namespace_name": "{{{ns[11..^1]}}}" } } },
              "target": { "type": "AverageValue", "averageValue": "30" } } }]
            """)!;
        var autoscaler = AutoscalerTests.Autoscaler(name);
        autoscaler["spec"]!["metrics"] = external;
        await cluster.PostAsync($"apis/autoscaling/v2/{ns}horizontalpodautoscalers", autoscaler);
        await cluster.PostAsync("api/v1/namespaces", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "gmp-public" } });
        (await cluster.PostAsync("apis/monitoring.googleapis.com/v1/namespaces/gmp-public/podmonitorings", JsonNode.Parse("""
            {
              "apiVersion": "monitoring.googleapis.com/v1", "kind": "PodMonitoring", "metadata": { "name": "nvidia-dcgm-exporter-for-hpa" },
              "spec": {
                "selector": { "matchLabels": { "app.kubernetes.io/name": "nvidia-dcgm-exporter", "app.kubernetes.io/part-of": "google-cloud-managed-prometheus" } },
                "endpoints": [{ "port": "metrics", "interval": "15s", "metricRelabeling": [
                  { "action": "keep", "sourceLabels": ["__name__"], "regex": "DCGM_FI_DEV_GPU_UTIL" },
                  { "action": "replace", "sourceLabels": ["__name__"], "targetLabel": "__name__", "regex": "DCGM_FI_DEV_GPU_UTIL", "replacement": "dcgm_fi_dev_gpu_util" }] }]
              }
            }
            """)!)).Code.ShouldBe(201);
        using var load = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 4).Select(_ => AskAsync(ns, name, load.Token)).ToList();
        var path = $"apis/autoscaling/v2/{ns}horizontalpodautoscalers/{name}";
        var grown = await cluster.WaitAsync(path, body => body.Number("status", "currentReplicas") > 1 && body.Condition("ScalingActive").Text("status") == "True");
        grown.Condition("ScalingActive").Text("message")!.ShouldStartWith($"the HPA was able to successfully calculate a replica count from external metric {DutyCycle}(&LabelSelector{{MatchLabels:");
        var utilisation = await cluster.WaitAsync(
            $"apis/external.metrics.k8s.io/v1beta1/{ns}{Uri.EscapeDataString("prometheus.googleapis.com|dcgm_fi_dev_gpu_util|unknown")}?labelSelector=metric.labels.exported_container%3Dserver,metric.labels.exported_namespace%3D{ns[11..^1]}",
            body => body.Objects("items").Any(item => int.Parse(item.Text("value")!) > 30));
        utilisation.Objects("items").First().Text("metricLabels", "metric.labels.exported_pod")!.ShouldStartWith(name);
        await load.CancelAsync();
        await Task.WhenAll(clients);
    }

    private async Task<(string Ns, string Name)> ServeAsync()
    {
        var ns = await cluster.NamespaceAsync();
        var name = $"llm-{ns[13..^1]}";
        var files = Directory.CreateTempSubdirectory("preheat-tiny-");
        var spec = new ImageSpec { Entrypoint = ["vllm", "serve", "/models/tiny", "--served-model-name", "tiny"] };
        _ = new TinyModel(files.FullName);
        foreach (var file in files.EnumerateFiles())
        {
            spec.Files[$"models/tiny/{file.Name}"] = await File.ReadAllBytesAsync(file.FullName);
        }

        files.Delete(recursive: true);
        var image = cluster.Images.Add($"local-docker.pkg.dev/p/r/{name}:v1", spec);
        var deployment = Samples.Deployment(name, change: body =>
        {
            body.Server()["image"] = image.Reference;
            body.Server()["resources"] = JsonNode.Parse("""{"limits":{"nvidia.com/gpu":1}}""");
            body["template"]!["spec"]!["nodeSelector"] = new JsonObject { ["cloud.google.com/gke-accelerator"] = "nvidia-l4" };
            body.Remove("replicas");
        });
        (await cluster.ApplyAsync($"apis/apps/v1/{ns}deployments/{name}", deployment.ToJsonString())).Code.ShouldBe(201);
        await cluster.PostAsync($"api/v1/{ns}services", Samples.Service(name, name));
        await cluster.WaitAsync($"api/v1/{ns}endpoints/{name}", body => body.Objects("subsets").FirstOrDefault().Objects("addresses").Any());
        return (ns, name);
    }

    /// <summary>A client that asks again and again until it is told to stop.</summary>
    private async Task AskAsync(string ns, string name, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var body = new StringContent("""{"model":"tiny","prompt":"hello","max_tokens":3000,"ignore_eos":true}""", System.Text.Encoding.UTF8, "application/json");
                using var response = await cluster.Client.PostAsync($"api/v1/{ns}services/{name}:http/proxy/v1/completions", body, stop);
            }
            catch (Exception e) when (e is OperationCanceledException or HttpRequestException)
            {
                // Stopped, or the pod behind it went: another one is asked next.
            }
        }
    }
}
