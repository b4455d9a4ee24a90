using Preheat.Manifests;
using Preheat.Serving;

namespace Preheat.Tests.Manifests;

/// <summary>What <c>--features</c>, <c>--compile-cache</c> and <c>--autoscale-through</c> add, against golden files, and the mistakes that are made with it.</summary>
public sealed class OptionalFeatureTests : IDisposable
{
    private readonly RenderingFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Spreads_the_replicas_of_a_revision_over_zones_as_far_as_GPUs_are_to_be_had()
    {
        Ask("zone-spread");
        var spread = (YamlMap)Pod().Items("topologySpreadConstraints").ShouldHaveSingleItem();
        (spread.Text("topologyKey"), spread.Text("whenUnsatisfiable"), spread.Text("labelSelector", "matchLabels", "app")).ShouldBe(("topology.kubernetes.io/zone", "ScheduleAnyway", "gemma"));
    }

    [Fact]
    public void Lets_in_callers_scraping_and_the_proxy_and_lets_out_names()
    {
        Ask("network-policy");
        Golden.Matches("network-policy", _fixture.Render(), _fixture.Output, "networkpolicy.yaml");
        Object("networkpolicy.yaml").Items("spec", "egress").Count.ShouldBe(1);
    }

    [Fact]
    public void Lets_in_the_VPC_and_lets_out_downloads_where_the_deployment_needs_them()
    {
        _fixture.Deployment = _fixture.Deployment with { Expose = "internal" };
        _fixture.Image = _fixture.Image with { ModelPath = null };
        Ask("network-policy");
        Golden.Matches("network-policy-open", _fixture.Render(), _fixture.Output, "networkpolicy.yaml");
    }

    [Theory]
    [InlineData(true, "preheat-nvidia-l4-1-spot", "true", "false")]
    [InlineData(false, "preheat-nvidia-l4-1", "false")]
    public void Chooses_machines_by_priority_and_by_no_other_selector(bool spot, string name, params string[] priorities)
    {
        _fixture.Deployment = _fixture.Deployment with { Spot = spot };
        Ask("compute-class");
        Golden.Matches(spot ? "compute-class-spot" : "compute-class", _fixture.Render(), _fixture.Output);
        Pod().Find("nodeSelector").ShouldBeOfType<YamlMap>().Entries.Select(entry => entry.Key).ShouldBe(["cloud.google.com/compute-class"]);
        Pod().Text("terminationGracePeriodSeconds").ShouldBe(spot ? "15" : "60");
        var shared = Object("computeclass.yaml");
        (shared.Text("metadata", "name"), shared.Text("metadata", "labels", "preheat-shared"), shared.Text("metadata", "namespace")).ShouldBe((name, "true", null));
        shared.Items("spec", "priorities").Cast<YamlMap>().Select(priority => priority.Text("spot")).ShouldBe(priorities);
    }

    [Fact]
    public void Keeps_what_is_compiled_on_the_users_volume()
    {
        _fixture.Deployment = _fixture.Deployment with { CompileCache = "compiled" };
        _fixture.Render();
        var volume = Pod().Items("volumes").Cast<YamlMap>().Single(one => one.Text("name") == "compile-cache");
        volume.Text("persistentVolumeClaim", "claimName").ShouldBe("compiled");
        var container = (YamlMap)Pod().Items("containers")[0];
        var root = container.Items("env").Cast<YamlMap>().Single(one => one.Text("name") == "VLLM_CACHE_ROOT").Text("value");
        container.Items("volumeMounts").Cast<YamlMap>().Single(one => one.Text("name") == "compile-cache").Text("mountPath").ShouldBe(root);
    }

    [Fact]
    public void Lets_GKE_read_the_metric_from_the_pods()
    {
        Scale("native", "running", 10);
        Golden.Matches("autoscale-native", _fixture.Render(), _fixture.Output);
        Pods().ShouldBe("autoscaling.gke.io|gemma|running");
        Deployment().Find("spec", "replicas").ShouldBeNull();

        string? Pods() => ((YamlMap)Object("horizontalpodautoscaler.yaml").Items("spec", "metrics").ShouldHaveSingleItem()).Text("pods", "metric", "name");
    }

    [Theory]
    [InlineData("vllm", "running", 10, "10", "vllm:num_requests_running")]
    [InlineData("vllm", "kv-cache", 80, "0.8", "vllm:kv_cache_usage_perc")]
    [InlineData("tgi", "tgi-queue", 5, "5", "tgi_queue_size")]
    public void Lets_KEDA_ask_a_Prometheus_and_leaves_the_replicas_to_it(string server, string on, int target, string threshold, string gauge)
    {
        _fixture.Deployment = _fixture.Deployment with { Platform = "kubernetes", Server = server, Prometheus = "http://prometheus.monitoring:9090" };
        Scale("keda", on, target);
        var set = _fixture.Render();
        set.Files.ShouldNotContain("horizontalpodautoscaler.yaml");
        Deployment().Find("spec", "replicas").ShouldBeNull();
        var trigger = (YamlMap)Object("scaledobject.yaml").Items("spec", "triggers").ShouldHaveSingleItem();
        (trigger.Text("metadata", "serverAddress"), trigger.Text("metadata", "threshold"), trigger.Find("authenticationRef")).ShouldBe(("http://prometheus.monitoring:9090", threshold, null));
        trigger.Text("metadata", "query").ShouldBe($$"""sum({__name__="{{gauge}}",namespace="default",pod=~"gemma-[a-z0-9]+-[a-z0-9]{5}"})""");
    }

    [Fact]
    public void Lets_KEDA_ask_Managed_Prometheus_as_its_own_service_account_on_GKE()
    {
        Scale("keda", "waiting", 5);
        Golden.Matches("autoscale-keda", _fixture.Render(), _fixture.Output);
    }

    [Theory]
    [InlineData("components/autoscaling-keda/scaledobject.yaml", "minReplicaCount: ${REPLICAS}", "minReplicaCount: 9", "minReplicaCount 9 is above maxReplicaCount 4")]
    [InlineData("components/autoscaling-keda/scaledobject.yaml", "minReplicaCount", "minReplicasCount", "minReplicaCount")]
    [InlineData("components/autoscaling-keda/scaledobject.yaml", "kind: Deployment\n    name: ${DEPLOYMENT}", "kind: Deployment\n    name: ${DEPLOYMENT}s", "which is not here")]
    [InlineData("components/autoscaling-keda-google/authentication.yaml", "name: ${DEPLOYMENT}", "name: other", "no TriggerAuthentication 'other'")]
    [InlineData("components/autoscaling-keda-google/triggerauthentication.yaml", "podIdentity", "podIdentities", "podIdentity")]
    public void Tells_mistakes_in_what_KEDA_reads(string file, string text, string replacement, string message) => TellsIn("keda", file, text, replacement, message);

    [Theory]
    [InlineData("components/autoscaling-native/metric.yaml", "|${AUTOSCALE_ON}", "|waiting", "no AutoscalingMetric here gives the metric 'autoscaling.gke.io|gemma|waiting'")]
    [InlineData("components/autoscaling-native/autoscalingmetric.yaml", "port: 8000", "port: 9000", "has the port 9000")]
    [InlineData("components/autoscaling-native/autoscalingmetric.yaml", "app: ${DEPLOYMENT}\n        containers", "app: other\n        containers", "matches the pods of no workload")]
    [InlineData("components/autoscaling-native/autoscalingmetric.yaml", "prometheusMetricName", "prometheusMetricsName", "prometheusMetricName")]
    public void Tells_mistakes_in_what_GKE_reads(string file, string text, string replacement, string message) => TellsIn("native", file, text, replacement, message);

    [Theory]
    [InlineData("components/network-policy/networkpolicy.yaml", "port: http", "port: grpc", "has the port grpc")]
    [InlineData("components/network-policy/networkpolicy.yaml", "podSelector:\n    matchLabels:\n      app: ${DEPLOYMENT}", "podSelector:\n    matchLabels:\n      app: other", "matches the pods of no workload")]
    [InlineData("components/network-policy/networkpolicy.yaml", "- Egress", "- Outgoing", "Outgoing")]
    [InlineData("cluster/compute-class/computeclass.yaml", "DoNotScaleUp", "GiveUp", "GiveUp")]
    [InlineData("cluster/compute-class/computeclass.yaml", "whenUnsatisfiable", "whenUnsatisfied", "whenUnsatisfiable")]
    [InlineData("components/zone-spread/spread.yaml", "maxSkew", "skew", "maxSkew")]
    [InlineData("components/zone-spread/spread.yaml", "ScheduleAnyway", "Sometimes", "Sometimes")]
    public void Tells_mistakes_in_a_feature(string file, string text, string replacement, string message)
    {
        _fixture.Deployment = _fixture.Deployment with { Features = [.. OptionalFeature.All.Select(feature => feature.Name)] };
        TellsIn("adapter", file, text, replacement, message);
    }

    private void TellsIn(string through, string file, string text, string replacement, string message)
    {
        Scale(through, "running", 10);
        _fixture.Break(file, text, replacement);
        var error = Should.Throw<UserException>(() => _fixture.Render());
        error.Message.ShouldContain(message);
        error.Message.ShouldContain($"manifests/{file}:");
        Directory.Exists(_fixture.Output).ShouldBeFalse();
    }

    private void Ask(params string[] features)
    {
        _fixture.Deployment = _fixture.Deployment with { Features = features };
        _fixture.Render();
    }

    private void Scale(string through, string on, int target) => _fixture.Deployment = _fixture.Deployment with { AutoscaleThrough = through, AutoscaleOn = on, AutoscaleTarget = target };

    private YamlMap Object(string file) => (YamlMap)YamlReader.Read(_fixture.Read(file), file, strict: true)[0];

    private YamlMap Deployment() => Object("deployment.yaml");

    private YamlMap Pod() => (YamlMap)Deployment().Find("spec", "template", "spec")!;
}
