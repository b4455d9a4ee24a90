using Preheat.Kubernetes;
using Preheat.Runs;

namespace Preheat.Tests.Kubernetes;

/// <summary>A user who may deploy, and not much more.</summary>
public sealed partial class RolloutsTests
{
    [Fact]
    public async Task Deploys_with_the_rights_of_one_namespace_and_tells_what_it_goes_without()
    {
        await using var restricted = await RestrictedServer.StartAsync(_cluster.Endpoints);
        restricted.Denies = (_, path) =>
            path == "/api/v1/namespaces/default" || path.Contains("/leases", StringComparison.Ordinal) || path.Contains("/events", StringComparison.Ordinal) || path.EndsWith("/log", StringComparison.Ordinal)
            || path.Contains("/horizontalpodautoscalers", StringComparison.Ordinal) || path.Contains("/secrets", StringComparison.Ordinal) || path.EndsWith("/serviceaccounts", StringComparison.Ordinal);
        var rollout = await Rollouts.DeployAsync(Request(), restricted.Endpoints, _fixture, TimeProvider.System, default);
        rollout.Revision.ShouldBe("1");
        rollout.Endpoint.Kind.ShouldBe(EndpointKind.ServiceProxy);
        // What only events and the log tell is lost: the pull and the weights.
        rollout.ColdStart.Select(phase => phase.Phase).ShouldBe(["node", "container", "ready", "first token"]);
        var warnings = _fixture.Events.OfType<Warning>().Select(warning => warning.Text).ToList();
        warnings.ShouldContain(text => text.StartsWith("Nothing keeps two deploys apart: this user may not get, create, update and delete leases", StringComparison.Ordinal));
        warnings.ShouldContain(text => text.StartsWith("The cold start is told without events: ", StringComparison.Ordinal));
        warnings.ShouldContain(text => text.StartsWith("The cold start is told without the log: ", StringComparison.Ordinal));
        warnings.ShouldContain(text => text.StartsWith("This user may not list HorizontalPodAutoscaler, Secret, ServiceAccount in the namespace default", StringComparison.Ordinal));
        warnings.Count.ShouldBe(4, string.Join('\n', warnings));
        restricted.Denied.ShouldContain("GET /api/v1/namespaces/default");
    }

    [Theory]
    [InlineData("")]
    [InlineData("pods")]
    public async Task Looks_at_and_removes_a_deployment_with_the_rights_of_one_namespace(string denied)
    {
        await DeployAsync();
        _fixture.Events.Clear();
        await using var restricted = await RestrictedServer.StartAsync(_cluster.Endpoints);
        // Discovery is open to everybody; lists over all namespaces are not.
        restricted.Denies = (_, path) => !path.Contains("/namespaces/", StringComparison.Ordinal) && path.Split('/') is ["", "api", _, _] or ["", "apis", _, _, _] && path.EndsWith(denied, StringComparison.Ordinal);
        var scope = await ClusterScope.FindAsync(_fixture.Deployment, restricted.Endpoints, _fixture, TimeProvider.System, default);
        var status = await ClusterStatus.GetAsync("gemma", scope, restricted.Endpoints, _fixture, TimeProvider.System, default);
        status.Objects.ShouldContain(row => row.Title == "Deployment/gemma" && row.IsReady);
        status.Pods.ShouldHaveSingleItem().IsReady.ShouldBeTrue();
        var warning = $"This user may not list {(denied.Length == 0 ? "Deployment" : "Pod")}s in all namespaces, so only default is looked at. What 'gemma' has in another namespace is found with --namespace.";
        var plan = await ClusterTeardown.PlanAsync("gemma", scope, withShared: false, restricted.Endpoints, _fixture, TimeProvider.System, default);
        _fixture.Events.OfType<Warning>().ShouldHaveSingleItem().Text.ShouldBe(warning);
        await ClusterTeardown.RemoveAsync(plan, restricted.Endpoints, _fixture, TimeProvider.System, default);
        restricted.Denies = (_, _) => false;
        var after = await ClusterStatus.GetAsync("gemma", "default", restricted.Endpoints, _fixture, TimeProvider.System, default);
        (after.Objects.Count, after.Pods.Count).ShouldBe((0, 0));
        (await ClusterScope.FindAsync(_fixture.Deployment, restricted.Endpoints, _fixture, TimeProvider.System, default)).ShouldBeNull();
    }

    [Fact]
    public async Task Falls_back_to_a_port_forward_and_tells_why_the_first_token_is_not_measured()
    {
        await using var restricted = await RestrictedServer.StartAsync(_cluster.Endpoints);
        restricted.Denies = (_, path) => path.Contains("/proxy/", StringComparison.Ordinal) || path.EndsWith("/portforward", StringComparison.Ordinal);
        var rollout = await Rollouts.DeployAsync(Request(), restricted.Endpoints, _fixture, TimeProvider.System, default);
        rollout.Endpoint.Kind.ShouldBe(EndpointKind.PortForward);
        rollout.ColdStart[^1].Phase.ShouldBe("ready");
        _fixture.Events.OfType<Warning>().ShouldContain(warning => warning.Text.Contains("services/proxy in the namespace default", StringComparison.Ordinal));
        _fixture.Events.OfType<Note>().ShouldContain(note => note.Text.Contains("is not measured", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Explains_a_failure_without_the_evidence_that_may_not_be_read()
    {
        await using var restricted = await RestrictedServer.StartAsync(_cluster.Endpoints);
        restricted.Denies = (_, path) => path.Contains("/events", StringComparison.Ordinal) || path.EndsWith("/log", StringComparison.Ordinal);
        _cluster.CrashWith = "RuntimeError: header too large";
        var error = await Should.ThrowAsync<PreheatException>(() => Rollouts.DeployAsync(Request(), restricted.Endpoints, _fixture, TimeProvider.System, default));
        error.Message.ShouldStartWith("Deployment/gemma did not roll out: the server ends again and again: Pod/gemma-");
        error.Message.ShouldContain("(no warnings: Cannot list events: ");
        error.Message.ShouldContain("(no log: Cannot read the log of Pod/gemma-");
    }

    [Fact]
    public async Task Keeps_receipts_here_where_ConfigMaps_may_not_be_read_or_written()
    {
        await using var restricted = await RestrictedServer.StartAsync(_cluster.Endpoints);
        restricted.Denies = (_, path) => path.Contains("/configmaps", StringComparison.Ordinal);
        var folder = Directory.CreateTempSubdirectory("preheat-receipts-");
        try
        {
            using var receipts = new ReceiptStore(folder.FullName, "gemma");
            receipts.Open(new { Cloud = "local" }, TimeProvider.System);
            await new ReceiptSharing(receipts, _fixture).ShareAsync(new ClusterReceipts("gemma", "default", restricted.Endpoints, TimeProvider.System), default);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
        var warnings = _fixture.Events.OfType<Warning>().Select(warning => warning.Text).ToList();
        warnings.ShouldContain(text => text.StartsWith("The shared receipts in ConfigMap/preheat-gemma-receipts of namespace default cannot be read: ", StringComparison.Ordinal));
        warnings.ShouldContain(text => text.Contains("cannot be written: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Ends_old_pods_before_new_ones_when_told_to_recreate()
    {
        await DeployAsync();
        UseNewImage('9');
        var rollout = await DeployAsync(request => request with { Strategy = RolloutStrategy.Recreate });
        rollout.Revision.ShouldBe("2");
        States().ShouldNotContain(state => state.Contains("new and 1 old replicas", StringComparison.Ordinal));
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        var deployment = (await client.FindAsync(KubernetesKind.Deployment, "default", "gemma", default)).ShouldNotBeNull();
        deployment.Json["spec"]!["strategy"]!.ToJsonString().ShouldBe("""{"type":"Recreate"}""");
        // Without the option it is as the manifests say again.
        UseNewImage('8');
        await DeployAsync();
        deployment = (await client.FindAsync(KubernetesKind.Deployment, "default", "gemma", default)).ShouldNotBeNull();
        deployment.Json["spec"]!["strategy"]!["type"]!.GetValue<string>().ShouldBe("RollingUpdate");
    }

    [Fact]
    public async Task Masks_a_secrets_values_in_the_difference()
    {
        _fixture.Image = _fixture.Image with { ModelPath = null };
        var fresh = await DiffAsync("hf_canary");
        fresh.ShouldContain("+++ default Secret/gemma-hub (as it would be)");
        await DeployAsync("hf_canary");
        (await DiffAsync("hf_canary")).ShouldBe("");
        var changed = await DiffAsync("hf_other");
        changed.ShouldContain("Secret/gemma-hub");
        changed.ShouldContain("-  token: \"*** (before)\"");
        changed.ShouldContain("+  token: \"*** (after)\"");
        foreach (var text in new[] { fresh, changed })
        {
            foreach (var token in new[] { "hf_canary", "hf_other" })
            {
                text.ShouldNotContain(token);
                text.ShouldNotContain(Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(token)));
            }
        }
    }

    private Task<string> DiffAsync(string token) => Rollouts.DiffAsync(Request() with { HubToken = new Secret(token) }, _cluster.Endpoints, _fixture, TimeProvider.System, default);
}
