using Preheat.Manifests;
using Preheat.Models;
using Preheat.Serving;

namespace Preheat.Tests.Manifests;

/// <summary>The published set-ups that this program must be able to build, against golden files and against the values of their tables.</summary>
public sealed class ReferenceSystemTests : IDisposable
{
    private const string VertexImage = "us-docker.pkg.dev/vertex-ai/vertex-vision-model-garden-dockers/pytorch-vllm-serve:20240910_0916_RC00";

    private readonly RenderingFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Serves_Gemma_with_the_Vertex_image_behind_an_internal_load_balancer()
    {
        ServingSystemA();
        Golden.Matches("system-a-serve", _fixture.Render(), _fixture.Output);
        var pod = Deployment("spec", "template", "spec");
        var container = (YamlMap)pod.Items("containers")[0];
        container.Items("command").Cast<YamlScalar>().Select(word => word.Text).ShouldBe(["python3", "-m", "vllm.entrypoints.api_server"]);
        container.Items("args").Cast<YamlScalar>().Select(word => word.Text).ShouldContain("--tensor-parallel-size=2");
        foreach (var side in new[] { "requests", "limits" })
        {
            foreach (var (resource, amount) in new[] { ("cpu", "12"), ("memory", "48Gi"), ("ephemeral-storage", "48Gi"), ("nvidia.com/gpu", "2") })
                container.Text("resources", side, resource).ShouldBe(amount);
        }
        pod.Text("nodeSelector", "cloud.google.com/gke-accelerator").ShouldBe("nvidia-l4");
        Object("service.yaml").Text("metadata", "annotations", "networking.gke.io/load-balancer-type").ShouldBe("Internal");
        Object("service.yaml").Text("spec", "type").ShouldBe("LoadBalancer");
        Object("podmonitoring.yaml").Items("spec", "endpoints")[0].ShouldBeOfType<YamlMap>().Text("interval").ShouldBe("15s");
    }

    [Fact]
    public void Scales_on_running_requests_and_leaves_the_replicas_to_the_autoscaler()
    {
        ServingSystemA();
        Autoscale("running", 10, 4);
        Golden.Matches("system-a-autoscale", _fixture.Render(), _fixture.Output);
        Deployment("spec").Find("replicas").ShouldBeNull();
        Object("horizontalpodautoscaler.yaml").Text("spec", "scaleTargetRef", "name").ShouldBe("vllm-gemma2");
    }

    [Fact]
    public void Takes_the_weights_from_a_read_only_claim()
    {
        ServingSystemA();
        _fixture.Deployment = _fixture.Deployment with { Weights = "volume" };
        _fixture.WeightsClaim = "vllm-gemma2-weights-0123abcd";
        Golden.Matches("system-a-volume", _fixture.Render(), _fixture.Output);
        var container = (YamlMap)Deployment("spec", "template", "spec").Items("containers")[0];
        container.Items("args").Cast<YamlScalar>().Select(word => word.Text).ShouldContain("--model=/models/gemma-2-9b");
        _fixture.WeightsClaim = null;
        Should.Throw<UserException>(() => _fixture.Render()).Message.ShouldContain("StageWeights");
    }

    [Theory]
    [InlineData("vllm", "running", "Pods", "prometheus.googleapis.com|vllm:num_requests_running|gauge", "10")]
    [InlineData("vllm", "waiting", "Pods", "prometheus.googleapis.com|vllm:num_requests_waiting|gauge", "10")]
    [InlineData("vllm", "kv-cache", "Pods", "prometheus.googleapis.com|vllm:kv_cache_usage_perc|gauge", "100m")]
    [InlineData("tgi", "tgi-queue", "Pods", "prometheus.googleapis.com|tgi_queue_size|gauge", "10")]
    [InlineData("tgi", "tgi-batch", "Pods", "prometheus.googleapis.com|tgi_batch_current_size|gauge", "10")]
    [InlineData("tgi", "duty-cycle", "External", "kubernetes.io|container|accelerator|duty_cycle", "10")]
    [InlineData("tgi", "dcgm", "External", "prometheus.googleapis.com|dcgm_fi_dev_gpu_util|unknown", "10")]
    public void Scales_on_what_the_table_names(string server, string on, string type, string name, string target)
    {
        _fixture.Deployment = _fixture.Deployment with { Name = "gemma-server", Server = server, MaxReplicas = 5, Namespace = "default" };
        Autoscale(on, 10, 5);
        Golden.Matches($"autoscale-{on}", _fixture.Render(), _fixture.Output, "horizontalpodautoscaler.yaml");
        var autoscaler = Object("horizontalpodautoscaler.yaml");
        (autoscaler.Text("apiVersion"), autoscaler.Text("spec", "minReplicas"), autoscaler.Text("spec", "maxReplicas")).ShouldBe(("autoscaling/v2", "1", "5"));
        var metric = autoscaler.Items("spec", "metrics").ShouldHaveSingleItem().ShouldBeOfType<YamlMap>();
        metric.Text("type").ShouldBe(type);
        var source = (YamlMap)metric[type == "Pods" ? "pods" : "external"]!;
        source.Text("metric", "name").ShouldBe(name);
        (source.Text("target", "type"), source.Text("target", "averageValue")).ShouldBe(("AverageValue", target));
        var prefix = on switch { "duty-cycle" => ("resource.labels.container_name", "resource.labels.namespace_name"), "dcgm" => ("metric.labels.exported_container", "metric.labels.exported_namespace"), _ => ("", "") };
        // External metrics are told apart by the names that the pods really have.
        if (type == "External")
            (source.Text("metric", "selector", "matchLabels", prefix.Item1), source.Text("metric", "selector", "matchLabels", prefix.Item2)).ShouldBe((((YamlMap)Deployment("spec", "template", "spec").Items("containers")[0]).Text("name"), "default"));
    }

    [Fact]
    public void Renames_the_DCGM_metric_to_lower_case_where_an_exporter_of_ones_own_runs()
    {
        _fixture.Deployment = _fixture.Deployment with { Name = "gemma-server", Server = "tgi" };
        Autoscale("dcgm", 80, 5);
        Golden.Matches("system-c", _fixture.Render(), _fixture.Output);
        var monitoring = Object("dcgm-podmonitoring.yaml");
        monitoring.Text("metadata", "namespace").ShouldBe("gmp-public");
        monitoring.Text("spec", "selector", "matchLabels", "app.kubernetes.io/name").ShouldBe("nvidia-dcgm-exporter");
        monitoring.Text("spec", "selector", "matchLabels", "app.kubernetes.io/part-of").ShouldBe("google-cloud-managed-prometheus");
        var endpoint = monitoring.Items("spec", "endpoints").ShouldHaveSingleItem().ShouldBeOfType<YamlMap>();
        endpoint.Text("port").ShouldBe("metrics");
        endpoint.Items("metricRelabeling").Cast<YamlMap>().Select(rule => (rule.Text("action"), rule.Text("replacement"))).ShouldBe([("keep", null), ("replace", "dcgm_fi_dev_gpu_util")]);
    }

    [Fact]
    public void Streams_weights_from_Cloud_Storage_with_an_identity_of_its_own()
    {
        StreamingSystemD();
        Golden.Matches("system-d", _fixture.Render(), _fixture.Output);
        var pod = Deployment("spec", "template", "spec");
        pod.Text("serviceAccountName").ShouldBe("vllm-streamer-deployment");
        var container = (YamlMap)pod.Items("containers")[0];
        container.Items("command").Cast<YamlScalar>().Select(word => word.Text).ShouldBe(["python3", "-m", "vllm.entrypoints.openai.api_server"]);
        var arguments = container.Items("args").Cast<YamlScalar>().Select(word => word.Text).ToList();
        foreach (var argument in new[] { "--model=gs://weights/gemma-2-9b-it", "--load-format=runai_streamer", "--model-loader-extra-config={\"distributed\":true}", "--disable-log-requests", "--tensor-parallel-size=1", "--host=0.0.0.0", "--port=8000" })
            arguments.ShouldContain(argument);
        foreach (var probe in new[] { "startupProbe", "readinessProbe" })
            container.Text(probe, "httpGet", "path").ShouldBe("/health");
    }

    [Theory]
    [InlineData("vllm/vllm-openai:v0.12.0", false)]
    [InlineData("vllm/vllm-openai:v0.11.2", true)]
    [InlineData("vllm/vllm-openai", false)]
    public void Gives_a_server_only_arguments_that_its_version_knows(string image, bool quiet)
    {
        StreamingSystemD();
        _fixture.Deployment = _fixture.Deployment with { BaseImage = image };
        _fixture.Render();
        _fixture.Read("deployment.yaml").Contains("--disable-log-requests", StringComparison.Ordinal).ShouldBe(quiet);
    }

    [Fact]
    public void Refuses_to_stream_with_a_server_that_cannot()
    {
        StreamingSystemD();
        _fixture.Deployment = _fixture.Deployment with { BaseImage = "vllm/vllm-openai:v0.10.2" };
        Should.Throw<UserException>(() => _fixture.Render()).Message.ShouldContain("from 0.11.1 on");
        _fixture.Deployment = _fixture.Deployment with { BaseImage = "vllm/vllm-openai:v0.11.1", Model = ModelReference.Parse("hf://google/gemma-2-9b-it") };
        Should.Throw<UserException>(() => _fixture.Render()).Message.ShouldContain("gs://BUCKET/PATH");
    }

    [Fact]
    public void Runs_restricted_on_Spot_nodes_of_a_Standard_cluster()
    {
        _fixture.Deployment = _fixture.Deployment with { Spot = true, Restricted = true, ClusterMode = "standard", MinReplicas = 2 };
        Golden.Matches("spot-restricted", _fixture.Render(), _fixture.Output);
    }

    [Fact]
    public void Tolerates_the_GPU_taint_on_Standard_and_leaves_it_to_Autopilot()
    {
        _fixture.Render();
        Deployment("spec", "template", "spec")["tolerations"].ShouldBeNull();
        _fixture.Deployment = _fixture.Deployment with { ClusterMode = "standard" };
        _fixture.Render();
        Deployment("spec", "template", "spec").Items("tolerations").ShouldHaveSingleItem().ShouldBeOfType<YamlMap>().Text("key").ShouldBe("nvidia.com/gpu");
    }

    [Fact]
    public void Asks_of_the_largest_machine_no_more_than_it_has()
    {
        _fixture.Deployment = _fixture.Deployment with { Accelerator = "nvidia-tesla-a100", AcceleratorCount = 16 };
        _fixture.Render();
        // a2-megagpu-16g: 96 vCPUs for 16 GPUs.
        ((YamlMap)Deployment("spec", "template", "spec").Items("containers")[0]).Text("resources", "requests", "cpu").ShouldBe("80");
        _fixture.Events.OfType<Preheat.Runs.Warning>().ShouldBeEmpty();
    }

    private void ServingSystemA()
    {
        _fixture.Deployment = _fixture.Deployment with
        {
            Name = "vllm-gemma2",
            Model = ModelReference.Parse("hf://google/gemma-2-9b"),
            Weights = "hub",
            BaseImage = VertexImage,
            ServerApi = ServerVersion.Of(VertexImage).DefaultApi,
            AcceleratorCount = 2,
            Expose = "internal",
        };
        Gemma("google/gemma-2-9b");
    }

    private void StreamingSystemD()
    {
        _fixture.Deployment = _fixture.Deployment with { Name = "vllm-streamer-deployment", Model = ModelReference.Parse("gs://weights/gemma-2-9b-it"), Weights = "streamed" };
        Gemma("gemma-2-9b-it");
    }

    private void Gemma(string name)
    {
        _fixture.Model = _fixture.Model with { Name = name, Reference = $"hf://{name}", Parameters = 9_241_705_984, WeightBytes = 18_483_411_968 };
        _fixture.Image = _fixture.Image with { ModelPath = null, Size = 9_000_000_000 };
    }

    private void Autoscale(string on, int target, int most) =>
        _fixture.Deployment = _fixture.Deployment with { AutoscaleOn = on, AutoscaleTarget = target, MaxReplicas = most };

    private YamlMap Object(string file) => (YamlMap)YamlReader.Read(_fixture.Read(file), file, strict: true)[0];

    private YamlMap Deployment(params string[] path) => (YamlMap)Object("deployment.yaml").Find(path)!;
}
