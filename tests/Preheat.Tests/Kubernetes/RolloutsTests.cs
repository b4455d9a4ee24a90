using System.Net.Http.Headers;
using System.Text;
using Preheat.Kubernetes;
using Preheat.Runs;
using Preheat.Tests.Manifests;

namespace Preheat.Tests.Kubernetes;

/// <summary>From rendered manifests to a served endpoint and back, on the embedded cluster.</summary>
public sealed partial class RolloutsTests : IAsyncLifetime
{
    private readonly RenderingFixture _fixture = new();
    private EmbeddedCluster _cluster = null!;

    public async Task InitializeAsync()
    {
        _cluster = await EmbeddedCluster.StartAsync();
        _cluster.Images[_fixture.Image.Reference] = true;
    }

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _fixture.Dispose();
    }

    [Fact]
    public async Task Deploys_until_the_model_is_served_and_changes_nothing_the_second_time()
    {
        _fixture.Deployment = _fixture.Deployment with { Namespace = "models" };
        var rollout = await DeployAsync();
        rollout.Revision.ShouldBe("1");
        rollout.ImageDigest.ShouldBe(_fixture.Image.Digest);
        rollout.Endpoint.ShouldBe(new ServingEndpoint(EndpointKind.ServiceProxy, "models", "gemma", "http", "preheat/tiny-gemma-2"));
        rollout.ColdStart.Select(phase => phase.Phase).ShouldBe(["node", "image", "container", "weights", "ready", "first token"]);
        rollout.ColdStart[5].Seconds.ShouldBeGreaterThan(0);
        rollout.ColdStart[5].SimulatedSeconds.ShouldBe(rollout.ColdStart[5].Seconds);
        rollout.ColdStart[0].SimulatedSeconds.ShouldNotBeNull().ShouldBeGreaterThan(0);
        rollout.ColdStart[3].ShouldBe(new ColdStartPhase("weights", 0.01, 12.5));
        States().ShouldContain("Namespace/models: created");
        States().ShouldContain("Deployment/gemma: 1 of 1 replicas available");

        using var connection = ServingConnection.Open(rollout.Endpoint, _cluster.Endpoints, TimeProvider.System);
        (await connection.Client.GetStringAsync(new Uri(connection.BaseAddress, "v1/models"))).ShouldStartWith("/v1/models by gemma-");

        using var forwarded = ServingConnection.Open(rollout.Endpoint with { Kind = EndpointKind.PortForward }, _cluster.Endpoints, TimeProvider.System);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => forwarded.Client.GetStringAsync(new Uri(forwarded.BaseAddress, "v1/models"))));
        answers.ShouldAllBe(answer => answer.StartsWith("/v1/models by gemma-", StringComparison.Ordinal));
        using var big = new ByteArrayContent(new byte[3_000_000]);
        (await forwarded.Client.PostAsync(new Uri(forwarded.BaseAddress, "echo"), big)).Content.Headers.ContentLength.ShouldBe(3_000_000);

        _fixture.Events.Clear();
        var again = await DeployAsync(request => request with { Previous = rollout });
        again.Revision.ShouldBe("1");
        again.ColdStart[5].ShouldBe(rollout.ColdStart[5], "a pod has one first token");
        States().Take(3).ShouldBe(["Service/gemma: unchanged", "Deployment/gemma: unchanged", "PodMonitoring/gemma: unchanged"]);
    }

    [Fact]
    public async Task Rolls_a_new_image_out_and_removes_what_the_earlier_revision_left()
    {
        var first = await DeployAsync();
        await ApplyAsOtherAsync("""{"apiVersion":"v1","kind":"Service","metadata":{"name":"foreign","namespace":"default","labels":{"preheat-deployment":"gemma","app.kubernetes.io/managed-by":"preheat"}},"spec":{"ports":[{"port":80}]}}""");
        (await ProbeAsync(first)).ShouldBeTrue();

        var digest = "sha256:" + new string('9', 64);
        _fixture.Image = _fixture.Image with { Reference = _fixture.Image.Reference.Split('@')[0] + "@" + digest, Digest = digest };
        _cluster.Images[_fixture.Image.Reference] = true;
        _fixture.Deployment = _fixture.Deployment with { Platform = "kubernetes" };
        var second = await DeployAsync();
        second.Revision.ShouldBe("2");
        (await ProbeAsync(first)).ShouldBeFalse();
        (await ProbeAsync(second)).ShouldBeTrue();
        var status = await ClusterStatus.GetAsync("gemma", "default", _cluster.Endpoints, _fixture, TimeProvider.System, default);
        status.Objects.Select(row => row.Title).ShouldBe(["Service/gemma", "Deployment/gemma"]);
        States().ShouldContain("PodMonitoring/gemma: removed: an earlier revision left it");
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        (await client.FindAsync(KubernetesKind.Service, "default", "foreign", default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Says_why_a_server_ends_again_and_again()
    {
        _cluster.CrashWith = "RuntimeError: the header of model-00001.safetensors is longer than the file";
        var error = await Should.ThrowAsync<PreheatException>(DeployAsync);
        error.Message.ShouldStartWith("Deployment/gemma did not roll out: the server ends again and again: Pod/gemma-");
        error.Message.ShouldContain("CrashLoopBackOff");
        error.Message.ShouldContain("RuntimeError: the header of model-00001.safetensors is longer than the file");
    }

    [Fact]
    public async Task Says_that_an_image_is_not_there()
    {
        _cluster.Images.Clear();
        var error = await Should.ThrowAsync<PreheatException>(DeployAsync);
        error.Message.ShouldContain("ErrImagePull");
        error.Message.ShouldContain("BakeImage");
    }

    [Fact]
    public async Task Leaves_a_field_that_somebody_else_set_to_them()
    {
        await DeployAsync();
        await ApplyAsOtherAsync("""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"gemma","namespace":"default"},"spec":{"revisionHistoryLimit":3}}""", force: true);
        var error = await Should.ThrowAsync<UserException>(DeployAsync);
        error.Message.ShouldContain("Nothing was applied");
        error.Message.ShouldContain(".spec.revisionHistoryLimit: conflict with \"other\"");
    }

    [Fact]
    public async Task Removes_its_own_things_and_nothing_else()
    {
        await DeployAsync();
        await ApplyAsOtherAsync("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"foreign","namespace":"default","labels":{"preheat-deployment":"gemma","app.kubernetes.io/managed-by":"preheat"}}}""");
        var status = await ClusterStatus.GetAsync("gemma", inNamespace: null, _cluster.Endpoints, _fixture, TimeProvider.System, default);
        status.Objects.ShouldAllBe(row => row.IsReady);
        status.Objects.Single(row => row.Title == "Deployment/gemma").ImageDigest.ShouldBe(_fixture.Image.Digest);
        status.Pods.ShouldHaveSingleItem().State.ShouldBe("ready");

        var plan = await ClusterTeardown.PlanAsync("gemma", "default", withShared: false, _cluster.Endpoints, _fixture, TimeProvider.System, default);
        plan.Objects.Select(item => item.Title).ShouldBe(["PodMonitoring/gemma", "Service/gemma", "Deployment/gemma", "ConfigMap/preheat-gemma-revision-1"]);
        await ClusterTeardown.RemoveAsync(plan, _cluster.Endpoints, _fixture, TimeProvider.System, default);

        var after = await ClusterStatus.GetAsync("gemma", "default", _cluster.Endpoints, _fixture, TimeProvider.System, default);
        after.Objects.ShouldBeEmpty();
        after.Pods.ShouldBeEmpty();
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        (await client.FindAsync(new("v1", "ConfigMap"), "default", "foreign", default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Gives_the_hub_token_to_the_cluster_only_where_it_is_asked_for()
    {
        await DeployAsync("hf_canary");
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        (await client.FindAsync(KubernetesKind.Secret, "default", "gemma-hub", default)).ShouldBeNull();
        _fixture.Image = _fixture.Image with { ModelPath = null };
        await DeployAsync("hf_canary");
        var secret = (await client.FindAsync(KubernetesKind.Secret, "default", "gemma-hub", default)).ShouldNotBeNull();
        Encoding.UTF8.GetString(Convert.FromBase64String(secret.Json["data"]!["token"]!.GetValue<string>())).ShouldBe("hf_canary");
        Directory.EnumerateFiles(_fixture.Output).ShouldAllBe(file => !File.ReadAllText(file).Contains("hf_canary", StringComparison.Ordinal));
    }

    private async Task<int> ReplicasAsync()
    {
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        return (await client.FindAsync(KubernetesKind.Deployment, "default", "gemma", default)).ShouldNotBeNull().Json["spec"]!["replicas"]!.GetValue<int>();
    }

    private void UseNewImage(char digit)
    {
        var digest = "sha256:" + new string(digit, 64);
        _fixture.Image = _fixture.Image with { Reference = _fixture.Image.Reference.Split('@')[0] + "@" + digest, Digest = digest };
        _cluster.Images[_fixture.Image.Reference] = true;
    }

    private Task<(string Revision, KeptRevision From)> RollBackAsync(int? revision) =>
        Rollbacks.RunAsync(new() { Deployment = _fixture.Deployment, Revision = revision }, _cluster.Endpoints, _fixture, TimeProvider.System, default);

    private Task<string> DiffAsync() => Rollouts.DiffAsync(Request(), _cluster.Endpoints, _fixture, TimeProvider.System, default);

    private Task<Rollout> DeployAsync() => DeployAsync(request => request);

    private Task<Rollout> DeployAsync(string token) => DeployAsync(request => request with { HubToken = new Secret(token) });

    private async Task<Rollout> DeployAsync(Func<DeployRequest, DeployRequest> change)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await Rollouts.DeployAsync(change(Request()), _cluster.Endpoints, _fixture, TimeProvider.System, limit.Token);
    }

    private DeployRequest Request() => new()
    {
        Manifests = _fixture.Render(),
        ManifestsDirectory = _fixture.Output,
        Deployment = _fixture.Deployment,
        Image = _fixture.Image,
    };

    private Task<bool> ProbeAsync(Rollout rollout) => Rollouts.ProbeAsync(rollout, Request(), _cluster.Endpoints, _fixture, TimeProvider.System, default);

    private List<string> States() => [.. _fixture.Events.OfType<StateChanged>().Select(change => $"{change.Subject}: {change.State}")];

    private async Task ApplyAsOtherAsync(string manifest, bool force = false)
    {
        var context = Kubeconfig.Resolve(_cluster.Endpoints);
        var resource = System.Text.Json.Nodes.JsonNode.Parse(manifest)!;
        var path = resource["kind"]!.GetValue<string>() switch
        {
            "Service" => "api/v1/namespaces/default/services",
            "Secret" => "api/v1/namespaces/default/secrets",
            "ConfigMap" => "api/v1/namespaces/default/configmaps",
            "Lease" => "apis/coordination.k8s.io/v1/namespaces/default/leases",
            "HorizontalPodAutoscaler" => "apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
            _ => "apis/apps/v1/namespaces/default/deployments",
        };
        using var http = ClusterTransport.Create(context, TimeProvider.System, TimeSpan.FromSeconds(30));
        using var content = new StringContent(manifest, new MediaTypeHeaderValue("application/apply-patch+yaml"));
        using var response = await http.PatchAsync($"{path}/{resource["metadata"]!["name"]}?fieldManager=other&force={(force ? "true" : "false")}", content);
        response.IsSuccessStatusCode.ShouldBeTrue(await response.Content.ReadAsStringAsync());
    }
}
