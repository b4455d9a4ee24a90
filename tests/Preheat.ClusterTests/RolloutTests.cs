using Preheat.ClusterTests.Nodes;
using Preheat.Kubernetes;

namespace Preheat.ClusterTests;

/// <summary>From rendered manifests to a served endpoint and back, with the real controllers.</summary>
[Collection(ClusterCollection.Name)]
public class RolloutTests(ClusterFixture cluster) : DeploymentTests(cluster)
{
    [Fact]
    public async Task Deploys_until_the_model_is_served_and_changes_nothing_the_second_time()
    {
        var rollout = await _deployment.DeployAsync();
        rollout.Revision.ShouldBe("1");
        rollout.ImageDigest.ShouldBe(_deployment.Rendering.Image.Digest);
        rollout.Endpoint.Kind.ShouldBe(EndpointKind.ServiceProxy);
        rollout.ColdStart.Select(phase => phase.Phase).ShouldBe(["node", "image", "container", "weights", "ready", "first token"]);
        // The mark of a good revision is an annotation, and a new one is a generation that the controller has still to observe.
        using (var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30)))
        {
            while (!await _deployment.ProbeAsync(rollout))
                await Task.Delay(100, limit.Token);
        }
        _deployment.Warnings.ShouldBeEmpty();
        using var connection = ServingConnection.Open(rollout.Endpoint, Cluster.Endpoints(), TimeProvider.System);
        (await connection.Client.GetStringAsync(new Uri(connection.BaseAddress, "v1/models"))).ShouldBe("/v1/models answers");

        (await _deployment.DiffAsync()).ShouldBe("");
        _deployment.Rendering.Events.Clear();
        (await _deployment.DeployAsync(request => request with { Previous = rollout })).Revision.ShouldBe("1");
        _deployment.States.Take(2).ShouldBe(["Service/gemma: unchanged", "Deployment/gemma: unchanged"]);
        (await Cluster.Api.GetAsync($"apis/coordination.k8s.io/v1/namespaces/{_deployment.Place}/leases")).Object()["items"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task Reaches_a_pod_by_port_forward()
    {
        var rollout = await _deployment.DeployAsync();
        using var connection = ServingConnection.Open(rollout.Endpoint with { Kind = EndpointKind.PortForward }, Cluster.Endpoints(), TimeProvider.System);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => connection.Client.GetStringAsync(new Uri(connection.BaseAddress, "v1/models"))));
        answers.ShouldAllBe(answer => answer == "/v1/models answers");
    }

    [Fact]
    public async Task Rolls_a_new_image_out_and_goes_back_by_hand()
    {
        var first = await _deployment.DeployAsync();
        _deployment.UseImage('9');
        var difference = await _deployment.DiffAsync();
        difference.Split('\n').Where(line => line.StartsWith('-') && !line.StartsWith("---", StringComparison.Ordinal)).ShouldHaveSingleItem().ShouldContain(first.ImageDigest);
        (await _deployment.DeployAsync()).Revision.ShouldBe("2");
        (await _deployment.ProbeAsync(first)).ShouldBeFalse();
        var (revision, from) = await _deployment.RollBackAsync(1);
        (revision, from.Number).ShouldBe(("3", 1L));
        (await _deployment.ProbeAsync(first)).ShouldBeFalse("what is rendered is the second one");
        (await _deployment.DeployAsync()).Revision.ShouldBe("4");
        (await _deployment.DiffAsync()).ShouldBe("");
    }

    [Fact]
    public async Task Goes_back_by_itself_and_says_why_the_server_ended()
    {
        await _deployment.DeployAsync();
        _deployment.UseImage('9', new PodPlay(PodFate.Crashes, "RuntimeError: header too large\n"));
        var error = await Should.ThrowAsync<PreheatException>(_deployment.DeployAsync);
        error.Message.ShouldStartWith("Deployment/gemma did not roll out: the server ends again and again: Pod/gemma-");
        error.Message.ShouldContain("RuntimeError: header too large");
        error.Message.ShouldContain("Revision 1 serves again (as revision 3)");
    }

    [Theory]
    [InlineData(RolloutStrategy.Surge)]
    [InlineData(RolloutStrategy.Recreate)]
    public async Task Judges_each_roll_out_by_its_own_deadline(RolloutStrategy strategy)
    {
        _deployment.Rendering.Break("base/vllm/deployment.yaml", "${PROGRESS_DEADLINE_SECONDS}", "10");
        Task<Rollout> DeployAsync() => _deployment.DeployAsync(request => request with { Strategy = strategy });
        _deployment.UseImage('9', new PodPlay(PodFate.NeverReady));
        (await Should.ThrowAsync<RolloutFailedException>(DeployAsync)).Message.ShouldContain("no progress within 10 s");
        // The missed deadline is in the status yet, and so is the pod that is not ready.
        _deployment.UseImage('8');
        (await DeployAsync()).Revision.ShouldBe("2");
        _deployment.UseImage('6', new PodPlay(PodFate.NeverReady));
        var error = await Should.ThrowAsync<PreheatException>(DeployAsync);
        error.Message.ShouldContain("no progress within 10 s");
        error.Message.ShouldContain("Revision 2 serves again (as revision 4)");
        _deployment.UseImage('7');
        (await DeployAsync()).Revision.ShouldBe("5");
    }

    [Theory]
    [InlineData(PodFate.NoImage, "ErrImagePull")]
    [InlineData(PodFate.OutOfMemory, "OOMKilled")]
    internal async Task Says_what_stands_in_the_way(PodFate fate, string expected)
    {
        _deployment.UseImage('9', new PodPlay(fate));
        var error = await Should.ThrowAsync<PreheatException>(_deployment.DeployAsync);
        error.Message.ShouldStartWith("Deployment/gemma did not roll out: ");
        error.Message.ShouldContain(expected);
    }
}
